import type { Command } from "commander";
import { labelsRequest } from "../../project/evaluation/labelsJob.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand } from "../shell.ts";

/** klish evaluate labels: labels of projects and extractors on generated images whose masks are known. */
export function addEvaluateLabels(evaluate: Command): void {
  const labels = evaluate
    .command("labels")
    .summary("how well the labels of projects and extractors agree with masks of generated images")
    .description(
      "Generates the images that masks are of, and compares what each project's labels, or an extractor's, say of their pixels: a " +
        "table (Markdown), all scores (CSV) and a plot (SVG). Masks that an extractor learned from say nothing of others: keep some back.",
    );
  withOutput(withOptions(labels, labelsRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(labels, labelsRequest, { command: commandLine() });
    const { text, ...result } = await runWithProgress("evaluateLabels", request, options);
    const { markdown, csv, plot } = result;
    const files = [`table   ${markdown}`, `all     ${csv}`, `plot    ${plot}`];
    conclude(result, [...text.split("\n"), ...files], options, [[openCommand(plot), "the IoU of each class"]]);
  });
}
