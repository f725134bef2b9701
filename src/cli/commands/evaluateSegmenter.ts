import type { Command } from "commander";
import { segmentationRequest } from "../../project/evaluation/segmentationOptions.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand } from "../shell.ts";

/** klish evaluate segmenter: segmenters on photos whose truth is known. */
export function addEvaluateSegmenter(evaluate: Command): void {
  const segmenter = evaluate
    .command("segmenter")
    .summary("how well segmenters find the parts of photos whose masks are known")
    .description(
      "Segments the photos of a data set and compares with its masks, as the paper's Tables V and VI do. A segmenter that learned " +
        "from clusters has classes of its own: the first photos decide what each stands for, the others are judged. Writes a table " +
        "(Markdown), all scores (CSV), a plot (SVG), and a sheet of the best, middle and worst photos (PNG).",
    );
  withOutput(withOptions(segmenter, segmentationRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(segmenter, segmentationRequest, { command: commandLine() });
    const { text, ...result } = await runWithProgress("segmentation", request, options);
    const { markdown, csv, plot, sheet } = result;
    const files = [`table   ${markdown}`, `all     ${csv}`, `plot    ${plot}`, `sheet   ${sheet}`];
    conclude(result, [...text.split("\n"), ...files], options, [
      [openCommand(sheet), "the best, middle and worst photos"],
    ]);
  });
}
