/**
 * `klish train painter`'s presets, and `auto` without each of its pieces, at equal hours: every arm learns from the same pictures for as many
 * seconds of the processor, on one thread, and is then judged by `klish evaluate painter`. The same command goes on where it was stopped, loses
 * two minutes at most, and neither trains nor judges anything twice; the table has all arms that are done.
 *
 *   npx tsx bench/painterPresets.ts --data <pictures with masks> --outdir <folder> [--only auto,spade] [--seconds 600] [--resolution 64]
 *                                   [--width 16 (of spade)] [--images 128] [--segmenter portraits] [--seed 0]
 */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { painterQualityJob } from "../src/project/evaluation/painter/job.ts";
import type { PainterFigures } from "../src/project/evaluation/painter/tables.ts";
import { writeAtomic } from "../src/project/storage/files.ts";
import { planLabelled } from "../src/project/train/labelled/run.ts";
import { trainPainterRequest } from "../src/project/train/painter/options.ts";
import type { PainterPresetName } from "../src/project/train/painter/presets.ts";
import { trainPainter } from "../src/project/train/painter/run.ts";
import { painting } from "../src/project/train/painter/settings.ts";
import { saveRunSettings } from "../src/project/train/settingsFile.ts";
import type { PainterRecipe } from "../src/train/painter/recipe.ts";

/** What differs from a preset's recipe. */
interface Arm {
  readonly preset: PainterPresetName;
  readonly changes?: (recipe: PainterRecipe) => Partial<PainterRecipe>;
}

const arms: Readonly<Record<string, Arm>> = {
  auto: { preset: "auto" },
  spade: { preset: "spade" },
  "own-masks": { preset: "auto", changes: () => ({ editedMasks: 0 }) },
  "own-styles": { preset: "auto", changes: () => ({ otherStyles: 0, editedMasks: 0 }) },
  "no-labelmix": {
    preset: "auto",
    changes: ({ adversary }) => ({ adversary: { ...adversary, labelMix: 0 } as PainterRecipe["adversary"] }),
  },
  "no-colours": { preset: "auto", changes: () => ({ colours: 0 }) },
  "batch-4": { preset: "auto", changes: () => ({ batch: 4 }) },
  "batch-16": { preset: "auto", changes: () => ({ batch: 16 }) },
};

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    outdir: { type: "string" },
    only: { type: "string", default: Object.keys(arms).join() },
    seconds: { type: "string", default: "600" },
    resolution: { type: "string", default: "64" },
    width: { type: "string", default: "16" },
    images: { type: "string", default: "128" },
    segmenter: { type: "string", default: "portraits" },
    seed: { type: "string", default: "0" },
  },
});
const { data, outdir, segmenter } = values;
if (data === undefined || outdir === undefined) throw new Error("--data and --outdir are needed");
const [seconds, resolution, width, images, seed] = [
  values.seconds,
  values.resolution,
  values.width,
  values.images,
  values.seed,
].map(Number);
const only = values.only.split(",");
const unknown = only.find((name) => !Object.hasOwn(arms, name));
if (unknown !== undefined)
  throw new Error(`--only: there is no arm ${unknown}, expected some of ${Object.keys(arms).join(", ")}`);

/** Milliseconds of the processor that this process took: the clock of a run here. */
const processor = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const job = {
  onProgress: ({ phase, note }: { readonly phase: string; readonly note?: string }): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${phase} ${note ?? ""}\x1b[K`);
  },
};

/** Trains an arm to its end. */
async function train(run: string, { preset, changes }: Arm): Promise<void> {
  const request = trainPainterRequest.parse({
    ...{ data, outdir: run, preset, resolution, seed, threads: 1, provider: "cpu" },
    ...(preset === "spade" ? { width } : {}),
    ...{ hours: seconds / 3600, epochs: 1e5, saveMinutes: 2 },
  });
  if (changes !== undefined && !existsSync(join(run, "settings.json"))) {
    const { folder, settings } = await planLabelled(painting, request);
    await mkdir(folder, { recursive: true });
    await saveRunSettings(folder, { ...settings, recipe: { ...settings.recipe, ...changes(settings.recipe) } });
  }
  await trainPainter(request, job, processor);
}

const figuresOf = (name: string): string => join(outdir, `${name} quality`, "figures.json");
for (const name of only) {
  if (existsSync(figuresOf(name))) continue;
  const run = join(outdir, name);
  await train(run, arms[name]);
  const quality = { outdir: join(outdir, `${name} quality`), threads: 1, provider: "cpu" } as const;
  const found = await painterQualityJob({ model: run, data, segmenter, images, ...quality }, job);
  const shown = JSON.parse(await readFile(join(run, "clock.json"), "utf8")).images as number;
  await writeAtomic(figuresOf(name), JSON.stringify({ shown, ...found }));
}

const share = (x: number | null): string => (x === null ? "" : (100 * x).toFixed(0));
console.log(`${seconds} seconds of the processor each, ${resolution} px, seed ${seed}, width of spade ${width}\n`);
console.log(
  "| arm | pictures shown | SWD x 1000 | density | coverage | mIoU, share of the pictures' | edits, %: drawn | true to the picture |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const name of Object.keys(arms)) {
  if (!existsSync(figuresOf(name))) continue;
  const found = JSON.parse(await readFile(figuresOf(name), "utf8")) as PainterFigures & { readonly shown: number };
  const { obedience, edits } = found;
  const cells = [
    name,
    String(found.shown),
    found.swd.mean.toFixed(1),
    found.density.toFixed(2),
    found.coverage.toFixed(3),
    obedience === null ? "" : (obedience.painted.meanIou / obedience.real.meanIou).toFixed(3),
    edits.map(({ drawn }) => share(drawn)).join(", "),
    edits.map(({ truth }) => share(truth)).join(", "),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
process.exit(0);
