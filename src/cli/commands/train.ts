import type { Command } from "commander";
import { z } from "zod";
import { size } from "../../project/dataset/runs.ts";
import { option } from "../../project/requests/request.ts";
import type { TrainPlan } from "../../project/train/gan/dryRun.ts";
import { trainGanRequest } from "../../project/train/gan/options.ts";
import type { StepProfile } from "../../project/train/gan/profile.ts";
import type { TrainSummary } from "../../project/train/gan/run.ts";
import { fewPicturesWarning } from "../../project/train/pictures/fewPictures.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { formatSeconds } from "../progressBar.ts";
import { conclude, type OutputOptions, runWithProgress } from "../run.ts";
import { commandLine, shellCommand } from "../shell.ts";
import { table } from "../table.ts";
import { guideWithin } from "../wrongDoors.ts";
import { addTrainExtractor } from "./train/extractor.ts";
import { addTrainPainter } from "./train/painter.ts";
import { addTrainSegmenter } from "./train/segmenter.ts";

/** Looking ahead in place of training. */
const instead = z.strictObject({
  dryRun: option(
    z.boolean().default(false),
    "--dry-run",
    "say what would be trained and what it would cost, and write nothing",
  ),
  profile: option(
    z.boolean().default(false),
    "--profile",
    "say what a step spends its time on, by operator, and write nothing",
  ),
});

/** klish train: networks of one's own. */
export function addTrain(program: Command): void {
  const train = program
    .command("train")
    .summary(
      "train a GAN on pictures of yours, a segmenter or a painter on pictures with masks, or an extractor on a few masks of a GAN",
    );
  addTrainGan(train);
  addTrainSegmenter(train);
  addTrainPainter(train);
  addTrainExtractor(train);
  guideWithin(train, (words) =>
    ["gan", "segmenter", "painter"].map((what) => `klish train ${what} ${words.join(" ")}`),
  );
}

function addTrainGan(train: Command): void {
  const gan = train
    .command("gan")
    .summary("StyleGAN2-ADA on a folder or .zip of pictures")
    .description(
      "Trains a StyleGAN2 with adaptive augmentation, on small images first. Run the same command again to continue an " +
        "interrupted run; it ends with the same weights. The result, network.safetensors, opens in every command that takes a --network.",
    )
    .addHelpText(
      "after",
      `
Examples:
  klish train gan --data photos --outdir run --dry-run             what it would cost
  klish train gan --data photos --outdir run --mirror              begin, or continue
  klish train gan --data photos.zip --outdir run --hours 2         as far as two hours go
  klish train gan --resume run --kimg 2000                         longer than at first
  klish train gan --data cats --outdir cats-run --resume run       from another run's weights
  klish generate --network run --seeds 0-15 --outdir out           what it draws`,
    );
  withOutput(withOptions(withOptions(gan, trainGanRequest), instead)).action(async (options: OutputOptions) => {
    const request = requestOf(gan, trainGanRequest, { command: commandLine() });
    const { dryRun, profile } = requestOf(gan, instead);
    if (dryRun) {
      const plan = await runWithProgress("trainGanPlan", request, options);
      return conclude(plan, planLines(plan), options, [["the same command without --dry-run", "begin"]]);
    }
    if (profile) {
      const steps = await runWithProgress("trainGanProfile", request, options);
      return conclude(steps, profileLines(steps), options);
    }
    const result = await runWithProgress("trainGan", request, options);
    const { folder } = result;
    conclude(result, summary(result, request.mirror === true), options, [
      [
        shellCommand("generate", "--network", folder, "--seeds", "0-63", "--sheet", "--outdir", "images"),
        "see what it draws",
      ],
      [shellCommand("cluster", "--network", folder, "--outdir", "parts"), "find its parts"],
      [shellCommand("evaluate", "gan", "--network", folder, "--data", folder), "measure it against the pictures"],
    ]);
  });
}

function summary(
  { folder, network, images, seconds, trained, imagesPerSecond, ...rest }: TrainSummary,
  mirror: boolean,
): string[] {
  const { pictures, rejectedList } = rest;
  const { count, rejected, enlarged } = pictures;
  const few = fewPicturesWarning(count, mirror);
  return [
    ...(few === undefined ? [] : [`warning: ${few}`]),
    `${count} pictures${rejected > 0 ? `, ${rejected} rejected (${rejectedList})` : ""}${enlarged > 0 ? `, ${enlarged} enlarged` : ""}`,
    `${(images / 1000).toFixed(1)} kimg in ${formatSeconds(seconds)}${trained > 0 ? `, ${imagesPerSecond.toFixed(1)} images/s` : "; nothing was left to do"}`,
    `network  ${network}`,
    `folder   ${folder}`,
  ];
}

/** Rejected pictures that are named. */
const NAMED = 5;

function planLines(plan: TrainPlan): string[] {
  const { settings, pictures, stages, parameters, diskBytes, images } = plan;
  const { files, others, tried, rejected, sizes } = pictures;
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  const few = fewPicturesWarning(files, settings.data.mirror);
  const facts = [
    ...(few === undefined ? [] : [["warning", few]]),
    [
      "pictures",
      `${files}${others > 0 ? ` (and ${others} other files)` : ""}, of ${sizes.map(({ width, height }) => `${width}x${height}`).join(", ")} (least, middle, most)${settings.data.mirror ? "; and mirrored" : ""}`,
    ],
    ["rejected", `${rejected.length} of ${tried} that were tried`],
    ...rejected.slice(0, NAMED).map(({ name, reason }) => ["", `${name}: ${reason}`]),
    [
      "networks",
      `G ${millions(parameters.generator)}, D ${millions(parameters.discriminator)} parameters (${settings.preset})`,
    ],
    ["training", `${kimgText(plan.kimgAtEnd)} kimg in ${formatSeconds(seconds)} (${limits(settings)})`],
    ...(images > 0 ? [["left", `${formatSeconds(plan.secondsLeft)}; ${kimgText(images / 1000)} kimg are done`]] : []),
    ["memory", size(plan.memoryBytes)],
    [
      "disk",
      `${size(diskBytes.pictures)} pictures, ${size(diskBytes.states)} states, ${size(diskBytes.snapshots)} snapshots`,
    ],
  ];
  const rows = stages.map((stage) => [
    `${stage.resolution}x${stage.resolution}`,
    kimgText(stage.kimg),
    String(stage.batch),
    String(Number(stage.gamma.toPrecision(3))),
    (1000 / stage.secondsPerKimg).toFixed(1),
    formatSeconds(stage.seconds),
    String(stage.steps.timed),
  ]);
  return [
    ...table(facts),
    "",
    ...table([["images", "kimg", "batch", "gamma", "images/s", "time", "steps timed"], ...rows]),
  ];
}

/** What ends a run. */
const limits = ({ kimg, hours }: TrainPlan["settings"]): string =>
  [...(kimg === null ? [] : [`${kimg} kimg`]), ...(hours === null ? [] : [`${hours} h`])].join(" or ");

const kimgText = (kimg: number): string => kimg.toFixed(kimg < 10 ? 2 : 1);

function profileLines({ steps, milliseconds, operators }: StepProfile): string[] {
  const row = (name: string, calls: string, ms: number): string[] => [
    name,
    calls,
    ms.toFixed(1),
    `${((100 * ms) / milliseconds).toFixed(1)} %`,
  ];
  const inside = operators.reduce((sum, o) => sum + o.milliseconds, 0);
  return table([
    ["operator", "calls", "ms", "share"],
    ...operators.map((o) => row(o.operator, o.calls.toFixed(1), o.milliseconds)),
    row("between operators", "", Math.max(0, milliseconds - inside)),
    row(`a step, of ${steps}`, "", milliseconds),
  ]);
}

const millions = (n: number): string => `${(n / 1e6).toFixed(2)} million`;
