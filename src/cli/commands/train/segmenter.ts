import type { Command } from "commander";
import type { SegmenterCost } from "../../../project/train/segmenter/dryRun.ts";
import { trainSegmenterRequest } from "../../../project/train/segmenter/options.ts";
import type { SegmenterSummary } from "../../../project/train/segmenter/run.ts";
import { requestOf, withOptions, withOutput } from "../../options.ts";
import { formatSeconds } from "../../progressBar.ts";
import { conclude, type OutputOptions, runWithProgress } from "../../run.ts";
import { commandLine, shellCommand } from "../../shell.ts";
import { dryRunOption, labelledCostLines } from "./labelled.ts";

/** klish train segmenter: a network that finds the parts of photos. */
export function addTrainSegmenter(train: Command): void {
  const segmenter = train
    .command("segmenter")
    .summary("a network that finds the classes of a data set in photos")
    .description(
      "Trains a segmenter on pictures with masks: a data set of klish, or any layout that klish reads. Run the same command again " +
        "to continue an interrupted run: it goes on to the same weights. The best network so far, judged by the pictures of the " +
        "split val, is segmenter.safetensors in the run's folder; klish segment and klish evaluate segmenter take the folder.",
    );
  withOutput(withOptions(withOptions(segmenter, trainSegmenterRequest), dryRunOption))
    .addHelpText(
      "after",
      `
Examples:
  klish train segmenter --data faces --outdir run --dry-run          what it would cost
  klish train segmenter --data faces --outdir run                    begin, or continue
  klish train segmenter --data faces --outdir run --unlabelled photos    and learn from photos without labels
  klish train segmenter --resume run --epochs 40                     longer than at first
  klish segment --model run --images photos --outdir masks`,
    )
    .action(async (options: OutputOptions) => {
      const request = requestOf(segmenter, trainSegmenterRequest, { command: commandLine() });
      if (requestOf(segmenter, dryRunOption).dryRun) {
        const cost = await runWithProgress("trainSegmenterPlan", request, options);
        return conclude(cost, labelledCostLines(cost, "network", unlabelled(cost)), options, [
          ["the same command without --dry-run", "begin"],
        ]);
      }
      const result = await runWithProgress("trainSegmenter", request, options);
      conclude(result, summary(result), options, [
        [
          shellCommand("segment", "--model", result.folder, "--images", "photos", "--outdir", "masks"),
          "masks of photos",
        ],
        [
          shellCommand("convert", "--network", result.folder, "--out", "segmenter.onnx"),
          "for other programs and browsers",
        ],
      ]);
    });
}

function summary({
  folder,
  segmenter,
  meanIou,
  images,
  seconds,
  trained,
  imagesPerSecond,
  pictures,
}: SegmenterSummary): string[] {
  const { train, val, unlabelled, rejected } = pictures;
  return [
    `${train} pictures to learn from, ${val} to judge by${unlabelled > 0 ? `, ${unlabelled} without labels` : ""}${rejected > 0 ? `; ${rejected} could not be used (files.jsonl in the run's folders images and photos)` : ""}`,
    `${images} shown in ${formatSeconds(seconds)}${trained > 0 ? `, ${imagesPerSecond.toFixed(1)} a second` : "; nothing was left to do"}`,
    meanIou === null
      ? "no picture to judge by: the newest weights are kept"
      : `best mean IoU ${meanIou.toFixed(3)}, of the pictures to judge by`,
    `segmenter  ${segmenter}`,
    `folder     ${folder}`,
  ];
}

const unlabelled = ({ pictures }: SegmenterCost): string =>
  pictures.unlabelled > 0 ? `; ${pictures.unlabelled} without labels` : "";
