import type { Command } from "commander";
import { z } from "zod";
import { size } from "../../../project/dataset/runs.ts";
import { option } from "../../../project/requests/request.ts";
import { formatSeeds } from "../../../project/requests/seeds.ts";
import type { ExtractorCost } from "../../../project/train/extractor/dryRun.ts";
import { methods } from "../../../project/train/extractor/methods.ts";
import { trainExtractorRequest } from "../../../project/train/extractor/options.ts";
import type { ExtractorSummary } from "../../../project/train/extractor/run.ts";
import { requestOf, withOptions, withOutput } from "../../options.ts";
import { formatSeconds } from "../../progressBar.ts";
import { conclude, type OutputOptions, runWithProgress } from "../../run.ts";
import { commandLine, openCommand, shellCommand } from "../../shell.ts";
import { table } from "../../table.ts";
import { extractorSteps } from "../../trainingInfo.ts";

/** Looking ahead in place of training. */
const instead = z.strictObject({
  dryRun: option(
    z.boolean().default(false),
    "--dry-run",
    "say what would be learned and what it would cost, and write nothing",
  ),
});

/** klish train extractor: the classes of a generator's pixels from masks of a few of its images. */
export function addTrainExtractor(train: Command): void {
  const extractor = train
    .command("extractor")
    .summary("the classes of a generator's pixels, from masks of a few of its images")
    .description(
      "Learns from hand-made masks of generated images what the classes are, where klish cluster finds parts by itself. The folder is " +
        "used like a project with labels: klish label renames and merges its classes, klish dataset makes images with masks. Run the " +
        "same command again to continue an interrupted run. The images must be generated as those were that the masks are of: with " +
        "the same --trunc and --noise-mode.",
    );
  withOutput(withOptions(withOptions(extractor, trainExtractorRequest), instead))
    .addHelpText(
      "after",
      `
Examples:
  klish generate --network run --seeds 0-9 --outdir pictures          pictures to paint masks of: masks/seed0000.png …
  klish train extractor --network run --masks masks --classes background,skin,hair --outdir hair
  klish train extractor --network run --masks masks --method mlp-ensemble --outdir hair10
  klish dataset --project hair --count 10000 --outdir hair-data       pairs to train a segmenter on`,
    )
    .action(async (options: OutputOptions) => {
      const request = requestOf(extractor, trainExtractorRequest, { command: commandLine() });
      if (requestOf(extractor, instead).dryRun) {
        const cost = await runWithProgress("trainExtractorPlan", request, options);
        return conclude(cost, costLines(cost), options, [["the same command without --dry-run", "begin"]]);
      }
      const result = await runWithProgress("trainExtractor", request, options);
      conclude(result, summary(result), options, [
        [openCommand(result.sheet), "pictures, their masks, and what the extractor says"],
        ...extractorSteps(result.folder),
        [shellCommand("info", result.folder), "what it was made of"],
      ]);
    });
}

function facts({ settings, pixels }: Pick<ExtractorSummary, "settings" | "pixels">): string[][] {
  const { method, seeds, classes, resolution } = settings;
  const total = pixels.reduce((sum, n) => sum + n, 0);
  const absent = classes.filter((_, id) => pixels[id] === 0).map(({ name }) => name);
  return [
    ["method", methods[method].title],
    ["masks", `${seeds.length} (seeds ${formatSeeds(seeds)}), ${resolution}x${resolution}`],
    ["classes", classes.map(({ name }, id) => `${name} ${((100 * pixels[id]) / total).toFixed(1)} %`).join(", ")],
    ...(absent.length > 0 ? [["never found", `${absent.join(", ")}: no mask shows them`]] : []),
  ];
}

const summary = (result: ExtractorSummary): string[] =>
  table([
    ...facts(result),
    [
      "agreement",
      `${(100 * result.accuracy).toFixed(1)} % of the pixels, mean IoU ${result.meanIou.toFixed(3)}: with the masks that it learned from, no others`,
    ],
    // One that was finished before is not solved again.
    ...(result.seconds > 0 ? [["learned in", formatSeconds(result.seconds)]] : []),
    ["sheet", result.sheet],
    ["folder", result.folder],
  ]);

const costLines = (cost: ExtractorCost): string[] =>
  table([
    ...facts(cost),
    ["features", `${cost.channels} channels of ${cost.settings.layers.length} layers`],
    ["left", cost.secondsLeft === null ? "seconds, up to a minute or so" : formatSeconds(cost.secondsLeft)],
    ["memory", size(cost.memoryBytes)],
  ]);
