import type { Command } from "commander";
import { evaluateRequest } from "../../project/evaluation/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, openCommand } from "../shell.ts";
import { guideWithin } from "../wrongDoors.ts";
import { addEvaluateGan } from "./evaluateGan.ts";
import { addEvaluateLabels } from "./evaluateLabels.ts";
import { addEvaluatePainter } from "./evaluatePainter.ts";
import { addEvaluateSegmenter } from "./evaluateSegmenter.ts";
import { addSeparability } from "./separability.ts";

/** klish evaluate: how good clusters, generators and segmenters are, where the truth is known. */
export function addEvaluate(program: Command): void {
  const evaluate = program
    .command("evaluate")
    .summary("measure clusters against known classes, a GAN, a segmenter, or a painter");
  addEvaluateGan(evaluate);
  addSeparability(evaluate);
  addEvaluateSegmenter(evaluate);
  addEvaluatePainter(evaluate);
  addEvaluateLabels(evaluate);
  addEvaluateClusters(evaluate);
  guideWithin(evaluate, (words) => [
    `klish evaluate clusters ${words.join(" ")}`,
    "klish evaluate gan --network <file> --data <pictures>",
    "klish evaluate segmenter --model <file> --truth <dataset> --outdir <folder>",
    "klish evaluate painter --model <file> --data <dataset> --outdir <folder>",
    "klish evaluate labels --project <folder> --truth <masks> --outdir <folder>",
  ]);
}

/** klish evaluate clusters: KLiSH and its rivals. */
function addEvaluateClusters(evaluate: Command): void {
  const clusters = evaluate
    .command("clusters")
    .summary("compare KLiSH and its rivals with true label maps")
    .description(
      "Clusters the same pixels with every method at every K from several seeds, and measures the agreement with " +
        "true classes: a table with means, spreads and near ties (Markdown), all scores (CSV) and a plot (SVG). Run " +
        "the same command again to continue, or with more methods, K or seeds to extend it.",
    );
  withOutput(withOptions(clusters, evaluateRequest)).action(async (options: OutputOptions) => {
    const request = requestOf(clusters, evaluateRequest, { command: commandLine() });
    const { text, ...result } = await runWithProgress("evaluate", request, options);
    const { markdown, csv, plot, rows } = result;
    const files = [`table   ${markdown} (${rows} clusterings)`, `all     ${csv}`, `plot    ${plot}`];
    conclude(result, [...text.split("\n"), ...files], options, [
      [openCommand(plot), "the scores of every method over K"],
      [`${commandLine()} --seeds 0-9`, "the same from more seeds; what was measured is kept"],
    ]);
  });
}
