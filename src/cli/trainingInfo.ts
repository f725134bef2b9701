import type { ExtractorSettings } from "../project/extractor/settings.ts";
import { formatSeeds } from "../project/requests/seeds.ts";
import { loadClock } from "../project/train/clock.ts";
import { methods } from "../project/train/extractor/methods.ts";
import type { TrainSettings } from "../project/train/gan/settings.ts";
import { type Stage, stagesOf } from "../project/train/gan/stages.ts";
import { readLog } from "../project/train/log/log.ts";
import type { PainterSettings } from "../project/train/painter/settings.ts";
import type { SegmenterSettings } from "../project/train/segmenter/settings.ts";
import { formatSeconds } from "./progressBar.ts";
import { conclude, type NextStep, type OutputOptions } from "./run.ts";
import { shellCommand } from "./shell.ts";
import { table } from "./table.ts";

/** Figures of the log that say how training goes, where a line has them. */
const SHOWN = {
  gan: ["lossD", "lossG", "realSign", "augmentP", "imagesPerSecond", "swd", "density", "coverage"],
  painter: ["lossPainter", "lossAdversary", "colours", "imagesPerSecond", "colourError"],
  segmenter: ["loss", "lossUnlabelled", "sure", "learningRate", "imagesPerSecond", "mIoU", "accuracy"],
  extractor: ["loss", "gradientNorm", "imagesPerSecond", "mIoU", "accuracy"],
} as const;
/** Lines of the log that are shown. */
const LINES = 8;

/** What a GAN's training run is, how far it came, and the log's lines evenly spread up to the last. */
export async function trainingInfo(folder: string, settings: TrainSettings, options: OutputOptions): Promise<void> {
  const clock = await loadClock(folder);
  const { recipe, data, kimg, hours, preset, from } = settings;
  const stages = stagesOf(settings);
  const rows = [
    ["training", `StyleGAN2, ${recipe.resolution}x${recipe.resolution}, ${preset}, batches of ${recipe.batch}`],
    ["pictures", `${data.source}${data.mirror ? ", and mirrored" : ""}`],
    ...(from === null ? [] : [["started from", from]]),
    ...(stages.length > 1 ? [["stages", stages.map(describe).join(", ")]] : []),
    [
      "done",
      `${(clock.images / 1000).toFixed(1)}${kimg === null ? "" : ` of ${kimg}`} kimg in ${formatSeconds(clock.seconds)}${hours === null ? "" : ` of ${hours} h`}`,
    ],
    ["command", settings.command],
  ];
  await showRun(folder, { settings, clock }, rows, SHOWN.gan, options, [
    [shellCommand("train", "gan", "--resume", folder), "continue it"],
    [
      shellCommand("generate", "--network", folder, "--seeds", "0-15", "--outdir", "images"),
      "see what it draws so far",
    ],
    [shellCommand("cluster", "--network", folder, "--outdir", "parts"), "find its parts"],
  ]);
}

/** The same of a segmenter's. */
export async function segmenterInfo(
  folder: string,
  settings: SegmenterSettings,
  options: OutputOptions,
): Promise<void> {
  const clock = await loadClock(folder);
  const { recipe, data, classes, hours, preset } = settings;
  const rows = [
    [
      "training",
      `a segmenter of ${classes.length} classes, ${recipe.resolution}x${recipe.resolution}, ${preset}, batches of ${recipe.batch}`,
    ],
    ["data set", data.source],
    ...(data.unlabelled === null ? [] : [["unlabelled", data.unlabelled]]),
    ["classes", classes.map(({ name }) => name).join(", ")],
    [
      "done",
      `${clock.images} pictures in ${formatSeconds(clock.seconds)}${hours === null ? "" : ` of ${hours} h at most`}`,
    ],
    ["command", settings.command],
  ];
  await showRun(folder, { settings, clock }, rows, SHOWN.segmenter, options, [
    [shellCommand("train", "segmenter", "--resume", folder), "continue it"],
    [shellCommand("segment", "--model", folder, "--images", "photos", "--outdir", "masks"), "masks of photos"],
  ]);
}

/** The same of an extractor's. */
export async function extractorInfo(
  folder: string,
  settings: ExtractorSettings,
  options: OutputOptions,
): Promise<void> {
  const clock = await loadClock(folder);
  const { method, network, family, layers, seeds, resolution, masks, classes, epochs } = settings;
  const rows = [
    ["extractor", `${methods[method].title}, ${classes.length} classes`],
    ["generator", `${network} (${family})`],
    ["layers", layers.join(", ")],
    ["masks", `${masks}: ${seeds.length}, of seeds ${formatSeeds(seeds)}, ${resolution}x${resolution}`],
    ["classes", classes.map(({ name }) => name).join(", ")],
    ...(epochs === null ? [] : [["passes", `${epochs}, ${formatSeconds(clock.seconds)} so far`]]),
    ["command", settings.command],
  ];
  await showRun(folder, { settings, clock }, rows, SHOWN.extractor, options, extractorSteps(folder));
}

/** What is done with an extractor. */
export const extractorSteps = (folder: string): NextStep[] => [
  [shellCommand("label", "list", folder), "its classes; name, merge, ignore or split them like those of a project"],
  [shellCommand("dataset", "--project", folder, "--outdir", `${folder}-data`), "make images with these masks"],
];

/** The same of a painter's. */
export async function painterInfo(folder: string, settings: PainterSettings, options: OutputOptions): Promise<void> {
  const clock = await loadClock(folder);
  const { recipe, data, classes, hours, preset } = settings;
  const rows = [
    [
      "training",
      `a painter of ${classes.length} classes, ${recipe.resolution}x${recipe.resolution}, ${preset}, batches of ${recipe.batch}`,
    ],
    ["data set", data.source],
    ["classes", classes.map(({ name }) => name).join(", ")],
    [
      "done",
      `${clock.images} pictures in ${formatSeconds(clock.seconds)}${hours === null ? "" : ` of ${hours} h at most`}`,
    ],
    ["command", settings.command],
  ];
  await showRun(folder, { settings, clock }, rows, SHOWN.painter, options, [
    [shellCommand("train", "painter", "--resume", folder), "continue it"],
    [shellCommand("paint", "--model", folder, "--masks", "masks", "--outdir", "painted"), "pictures of masks"],
  ]);
}

async function showRun(
  folder: string,
  about: object,
  rows: readonly (readonly string[])[],
  figures: readonly string[],
  options: OutputOptions,
  next: readonly NextStep[],
): Promise<void> {
  const log = await readLog(folder);
  const count = Math.min(LINES, log.length);
  const shown = Array.from(
    { length: count },
    (_, i) => log[Math.round((i * (log.length - 1)) / Math.max(1, count - 1))],
  );
  const columns = figures.filter((name) => shown.some((line) => line[name] !== undefined));
  const lines = [
    ["kimg", ...columns],
    ...shown.map((line) => [line["kimg"].toFixed(1), ...columns.map((name) => line[name]?.toPrecision(3) ?? "")]),
  ];
  const facts = [...table(rows), ...(log.length > 0 ? ["", ...table(lines)] : [])];
  conclude({ ...about, log }, facts, options, next);
}

function describe({ recipe, end, deadline }: Stage): string {
  const ends = [
    ...(Number.isFinite(end) ? [`${(end / 1000).toFixed(1)} kimg`] : []),
    ...(Number.isFinite(deadline) ? [formatSeconds(deadline)] : []),
  ];
  return `${recipe.resolution} px${ends.length === 0 ? "" : ` to ${ends.join(" or ")}`}`;
}
