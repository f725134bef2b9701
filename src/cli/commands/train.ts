import { type Command, InvalidArgumentError, Option } from "commander";
import { size } from "../../project/dataset/runs.ts";
import type { TrainPlan } from "../../project/train/gan/dryRun.ts";
import type { TrainGanRequest } from "../../project/train/gan/planRun.ts";
import { type PresetName, presets } from "../../project/train/gan/presets.ts";
import type { StepProfile } from "../../project/train/gan/profile.ts";
import type { TrainSummary } from "../../project/train/gan/run.ts";
import { type Fit, fits, parseCrop } from "../../project/train/pictures/framing.ts";
import { type Resampling, resamplings } from "../../project/train/pictures/prepareImage.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { withRuntimeOptions } from "../networkOptions.ts";
import { formatSeconds } from "../progressBar.ts";
import { parse, print, runWithProgress } from "../run.ts";
import { commandLine } from "../shell.ts";
import { table } from "../table.ts";

interface TrainGanOptions {
  readonly data?: string;
  readonly outdir?: string;
  readonly resume?: string;
  readonly crop?: string;
  readonly fit?: Fit;
  readonly resize?: Resampling;
  readonly mirror?: boolean;
  readonly resolution?: number;
  readonly grow: boolean;
  readonly preset?: PresetName;
  readonly batch?: number;
  readonly gamma?: number;
  readonly lr?: number;
  readonly cbase?: number;
  readonly cmax?: number;
  readonly mapDepth?: number;
  readonly noise: boolean;
  readonly aug?: "ada" | "noaug";
  readonly target?: number;
  readonly seed?: number;
  readonly kimg?: number;
  readonly hours?: number;
  readonly tick?: number;
  readonly snap?: number;
  readonly metrics: "quality" | "none";
  readonly save: number;
  readonly dryRun: boolean;
  readonly profile: boolean;
  readonly provider: ProviderChoice;
  readonly threads?: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish train: networks of one's own. */
export function addTrain(program: Command): void {
  const train = program.command("train").summary("train a GAN of your own on a folder of pictures");
  const presetNames = Object.keys(presets) as PresetName[];
  const gan = train
    .command("gan")
    .summary("StyleGAN2-ADA on a folder or .zip of pictures")
    .description(
      `Trains a StyleGAN2 with adaptive augmentation, on small images first. Run the same command again to continue an interrupted
run: it goes on to the same weights. The result, network.safetensors, opens in every command that takes a --network.`,
    )
    .option("--data <path>", "pictures: a folder (with the folders in it) or a .zip")
    .option("--outdir <folder>", "the run's folder, to make or to continue")
    .option(
      "--resume <path>",
      "a run to continue (without --outdir); or a run, state or StyleGAN2 network whose weights a new run in --outdir begins with",
    )
    .option(
      "--resolution <px>",
      "side of the images: 16, 32, … 1024 (default: by the pictures, at most 64)",
      powerOfTwo,
    )
    .option(
      "--no-grow",
      "all of the run at its resolution; quick and auto begin at 16 px and double it, which is much cheaper",
    )
    .option(
      "--crop <region>",
      "what is taken of a picture: centre (the largest square), none (all), or x,y,w,h in pixels, percent (10%) or parts (12/178) (default: centre)",
      crop,
    )
    .addOption(new Option("--fit <how>", "a region that is no square gets white borders, or is squashed").choices(fits))
    .addOption(new Option("--resize <filter>", "default: lanczos; nearest for pixel art").choices(resamplings))
    .option("--mirror", "every picture also turned left to right")
    .addOption(
      new Option(
        "--cfg, --preset <name>",
        `${presetNames.map((name) => `${name}: ${presets[name].title} (${presets[name].kimg} kimg)`).join("; ")}. Default: auto`,
      ).choices(presetNames),
    )
    .option(
      "--kimg <n>",
      "length of training, in thousands of images (default: the preset's)",
      parse.number(0.001, 1e6),
    )
    .option("--hours <h>", "or in hours of training, interrupted runs counted together", parse.number(0.001, 1e5))
    .option("--batch <n>", "images of one update, in every stage (default: by the resolution)", parse.integer(1))
    .option(
      "--gamma <weight>",
      "of R1, in every stage (default: 0.1 at 16 px, then 1 or more; paper: 0.0002 resolution² / batch)",
      parse.number(0, 1e6),
    )
    .option("--lr <rate>", "learning rate (default: 0.0025)", parse.number(1e-7, 1))
    .option("--cbase <n>", "channels: cbase / resolution of the layer, …", parse.integer(1))
    .option("--cmax <n>", "… but at most cmax", parse.integer(1))
    .option("--map-depth <n>", "layers of the mapping network", parse.integer(1))
    .option("--no-noise", "no noise inputs: for pictures whose every detail follows from what they show")
    .addOption(new Option("--aug <mode>", "adaptive augmentation, or none (default: ada)").choices(["ada", "noaug"]))
    .option("--target <sign>", "where ada keeps the mean sign of D on real images (default: 0.6)", parse.number(-1, 1))
    .option("--seed <n>", "of everything random (default: 0)", parse.integer(0))
    .option("--tick <kimg>", "thousands of images between two lines of the log (default: 1)", parse.integer(1))
    .option("--snap <ticks>", "ticks between two snapshots and sample sheets (default: 10)", parse.integer(1))
    .addOption(
      new Option("--metrics <which>", "what is measured with every snapshot: distance to the real images, or nothing")
        .choices(["quality", "none"])
        .default("quality"),
    )
    .option("--save <minutes>", "the state is saved at least this often: what a kill can cost", parse.number(0, 1e4), 5)
    .option("--dry-run", "say what would be trained and what it would cost, and write nothing", false)
    .option("--profile", "say what a step spends its time on, by operator, and write nothing", false)
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false);
  withRuntimeOptions(gan)
    .addHelpText(
      "after",
      `
Examples:
  klish train gan --data photos --outdir run --dry-run             what it would cost
  klish train gan --data photos --outdir run --mirror              begin, or continue
  klish train gan --data photos.zip --outdir run --hours 2          as far as that goes
  klish train gan --resume run --kimg 2000                         longer than at first
  klish train gan --data cats --outdir cats-run --resume run       from another run's weights
  klish generate --network run/network.safetensors --seeds 0-15 --outdir out`,
    )
    .action(async (options: TrainGanOptions) => {
      const request = requestOf(options);
      if (options.dryRun) {
        const plan = await runWithProgress("trainGanPlan", request, options);
        return print(plan, planLines(plan), options.json);
      }
      if (options.profile) {
        const profile = await runWithProgress("trainGanProfile", request, options);
        return print(profile, profileLines(profile), options.json);
      }
      const result = await runWithProgress("trainGan", request, options);
      print(result, summary(result), options.json);
    });
}

function requestOf(options: TrainGanOptions): TrainGanRequest {
  return {
    data: options.data ?? null,
    outdir: options.outdir ?? null,
    resume: options.resume ?? null,
    crop: options.crop ?? null,
    fit: options.fit ?? null,
    resize: options.resize ?? null,
    mirror: options.mirror ?? null,
    preset: options.preset ?? null,
    resolution: options.resolution ?? null,
    grow: options.grow ? null : false,
    batch: options.batch ?? null,
    gamma: options.gamma ?? null,
    learningRate: options.lr ?? null,
    channelBase: options.cbase ?? null,
    channelMax: options.cmax ?? null,
    mappingLayers: options.mapDepth ?? null,
    noise: options.noise ? null : false,
    aug: options.aug ?? null,
    target: options.target ?? null,
    seed: options.seed ?? null,
    kimg: options.kimg ?? null,
    hours: options.hours ?? null,
    tick: options.tick ?? null,
    snap: options.snap ?? null,
    metrics: options.metrics === "quality",
    saveMinutes: options.save,
    provider: options.provider,
    threads: options.threads ?? null,
    command: commandLine(),
  };
}

function summary({ folder, network, images, seconds, trained, imagesPerSecond, ...rest }: TrainSummary): string[] {
  const { pictures, rejectedList } = rest;
  const { count, rejected, enlarged } = pictures;
  return [
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
  const facts = [
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

function powerOfTwo(text: string): number {
  const value = Number(text);
  if (!(value >= 16 && value <= 1024 && Number.isInteger(Math.log2(value))))
    throw new InvalidArgumentError(`Expected 16, 32, 64, 128, 256, 512 or 1024, got "${text}".`);
  return value;
}

function crop(text: string): string {
  try {
    parseCrop(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return text;
}
