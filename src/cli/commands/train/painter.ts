import type { Command } from "commander";
import { trainPainterRequest } from "../../../project/train/painter/options.ts";
import type { PainterSummary } from "../../../project/train/painter/run.ts";
import { requestOf, withOptions, withOutput } from "../../options.ts";
import { formatSeconds } from "../../progressBar.ts";
import { conclude, type OutputOptions, runWithProgress } from "../../run.ts";
import { commandLine, shellCommand } from "../../shell.ts";
import { dryRunOption, labelledCostLines } from "./labelled.ts";

/** klish train painter: a network that turns painted masks into pictures. */
export function addTrainPainter(train: Command): void {
  const painter = train
    .command("painter")
    .summary("a network that turns painted masks into pictures like those of a data set")
    .description(
      "Trains a painter on pictures with masks: a data set of klish, or any layout that klish reads. Run the same command again " +
        "to continue an interrupted run: it goes on to the same weights. The newest painter is painter.safetensors in the run's " +
        "folder, the sheets in samples/ show what it paints; klish paint and klish evaluate painter take the folder.",
    );
  withOutput(withOptions(withOptions(painter, trainPainterRequest), dryRunOption))
    .addHelpText(
      "after",
      `
Examples:
  klish train painter --data faces --outdir run --dry-run          what it would cost
  klish train painter --data faces --outdir run --hours 3          begin, or continue
  klish train painter --resume run --epochs 40                     longer than at first
  klish paint --model run --masks masks --outdir painted
  klish convert --network run --out painter.onnx                   for other programs and browsers`,
    )
    .action(async (options: OutputOptions) => {
      const request = requestOf(painter, trainPainterRequest, { command: commandLine() });
      if (requestOf(painter, dryRunOption).dryRun) {
        const cost = await runWithProgress("trainPainterPlan", request, options);
        return conclude(cost, labelledCostLines(cost, "painter"), options, [
          ["the same command without --dry-run", "begin"],
        ]);
      }
      const result = await runWithProgress("trainPainter", request, options);
      const { folder } = result;
      conclude(result, summary(result), options, [
        [shellCommand("paint", "--model", folder, "--masks", "masks", "--outdir", "painted"), "pictures of masks"],
        [shellCommand("convert", "--network", folder, "--out", "painter.onnx"), "for other programs and browsers"],
      ]);
    });
}

function summary(result: PainterSummary): string[] {
  const { folder, painter, images, seconds, trained, imagesPerSecond, pictures } = result;
  const { train, val, rejected } = pictures;
  return [
    `${train} pictures to learn from, ${val} to look at${rejected > 0 ? `; ${rejected} could not be used (images/files.jsonl in the run's folder)` : ""}`,
    `${images} shown in ${formatSeconds(seconds)}${trained > 0 ? `, ${imagesPerSecond.toFixed(1)} a second` : "; nothing was left to do"}`,
    `painter  ${painter}`,
    `sheets   ${folder}/samples`,
    `folder   ${folder}`,
  ];
}
