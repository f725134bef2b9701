/**
 * `klish train painter`'s presets at equal hours: each learns from the same pictures for as many seconds of the processor, on one thread, and
 * is then judged by `klish evaluate painter`. An arm that was judged already is not trained again; one that was stopped begins anew.
 *
 * npx tsx bench/painterPresets.ts --data <pictures with masks> --outdir <folder> [--seconds 600] [--resolution 32] [--width 16]
 *                                 [--images 128] [--segmenter portraits] [--seed 0]
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { painterQualityJob } from "../src/project/evaluation/painter/job.ts";
import { trainPainterJob } from "../src/project/train/painter/job.ts";

const { values } = parseArgs({
  options: {
    data: { type: "string" },
    outdir: { type: "string" },
    seconds: { type: "string", default: "600" },
    resolution: { type: "string", default: "32" },
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
const fixed = { data, resolution, seed, threads: 1, provider: "cpu" } as const;
const arms = {
  auto: { ...fixed, preset: "auto" },
  spade: { ...fixed, preset: "spade", width },
} as const;

/** Seconds of the processor that this process took. */
const used = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Trains until so many seconds were used since the first step, and gives how many pictures were shown. */
async function train(run: string, arm: (typeof arms)[keyof typeof arms]): Promise<number> {
  const stop = new AbortController();
  let began: number | undefined;
  const epochs = 1e5;
  const onProgress = ({ phase }: { phase: string }): void => {
    // Preparing pictures and compiling networks is not learning.
    if (phase === "train") began ??= used();
    if (began !== undefined && used() - began > seconds) stop.abort();
  };
  await trainPainterJob({ ...arm, outdir: run, epochs, saveMinutes: 60 }, { signal: stop.signal, onProgress }).catch(
    (error: unknown) => {
      if (!stop.signal.aborted) throw error;
    },
  );
  return JSON.parse(await readFile(join(run, "clock.json"), "utf8")).images as number;
}

console.log("| preset | images | SWD x 1000 | density | coverage | mIoU, share of the pictures' | edits obeyed |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
await mkdir(outdir, { recursive: true });
for (const [name, arm] of Object.entries(arms)) {
  const run = join(outdir, name);
  if (!existsSync(run)) {
    await rm(`${run}.part`, { recursive: true, force: true });
    await train(`${run}.part`, arm);
    await rename(`${run}.part`, run);
  }
  const shown = JSON.parse(await readFile(join(run, "clock.json"), "utf8")).images as number;
  const found = await painterQualityJob(
    { model: run, data, segmenter, images, outdir: join(outdir, `${name} quality`), threads: 1, provider: "cpu" },
    {},
  );
  const { obedience, edits } = found;
  const cells = [
    name,
    String(shown),
    found.swd.mean.toFixed(1),
    found.density.toFixed(3),
    found.coverage.toFixed(3),
    obedience === null ? "" : (obedience.painted.meanIou / obedience.real.meanIou).toFixed(3),
    (edits ?? []).map(({ edit, obeyed }) => `${edit} ${(100 * obeyed).toFixed(0)} %`).join(", "),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
