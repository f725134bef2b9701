/**
 * CPU seconds per image of what streamed clustering consists of, at the paper's size: StyleGAN2-FFHQ's five layers (992 channels) at
 * 256 x 256, random numbers in half precision in a temporary folder. `npx tsx bench/streamedPasses.ts [--images 4] [--classes 100]`
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { halvesOf, saveHalves } from "../src/project/sampling/featureFile.ts";
import { openFeatures } from "../src/project/sampling/featureSource.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { RandomState } from "../src/tensor/random.ts";
import { tensor } from "../src/tensor/tensor.ts";

const { values } = parseArgs({
  options: { images: { type: "string", default: "4" }, classes: { type: "string", default: "100" } },
});
const images = Number(values.images);
const classes = Number(values.classes);
const RESOLUTION = 256;
const LAYERS = [
  { name: "b64", channels: 512, resolution: 64 },
  { name: "b128", channels: 256, resolution: 128 },
  { name: "b256", channels: 128, resolution: 256 },
  { name: "b512", channels: 64, resolution: 256 },
  { name: "b1024", channels: 32, resolution: 256 },
];

const folder = mkdtempSync(join(tmpdir(), "klish-passes-"));
try {
  await measure();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const report = async (what: string, work: () => unknown, per = images): Promise<void> => {
    const before = process.cpuUsage();
    const start = performance.now();
    await work();
    const { user, system } = process.cpuUsage(before);
    const wall = (performance.now() - start) / 1000 / per;
    console.log(`| ${what} | ${((user + system) / 1e6 / per).toFixed(4)} | ${wall.toFixed(4)} |`);
  };
  console.log("| per image, one thread | CPU s | wall s |\n| --- | --- | --- |");
  const levels: { size: number; channels: number; first: number }[] = [];
  for (const { channels, resolution: size } of LAYERS) {
    const first = levels.reduce((sum, level) => sum + level.channels, 0);
    levels.push({ size, channels, first });
  }
  const firsts = Array.from({ length: images }, (_, i) => i);
  const maps = LAYERS.map(({ channels, resolution: h }, l) => {
    const map = tensor([1, channels, h, h]);
    // Smooth in no way, which no step here minds; cheap to make.
    let x = l + 1;
    for (let i = 0; i < map.data.length; i++) {
      x = (Math.imul(x, 1664525) + 1013904223) | 0;
      map.data[i] = x / 2 ** 31;
    }
    return map;
  });
  await report("write, half precision", async () => {
    for (const image of firsts) await saveHalves(folder, image, [image], maps, LAYERS);
  });
  const offsets = firsts.map((image) => halvesOf(folder, image, [image], levels, LAYERS)?.offsets ?? []);
  const source = { images, resolution: RESOLUTION, levels, folder, firsts, offsets };
  const { features, close } = openFeatures(source, ortBlas({ threads: 1 }));
  const { pixels, channels } = features;
  const random = new RandomState(0);
  const labels = Uint16Array.from({ length: pixels }, (_, n) => Math.floor(n / 97) % classes);
  for (const k of [1, classes]) {
    // Some 5 % of the scores above -1, as of classes in one-vs-rest.
    const weight = Float32Array.from({ length: k * channels }, () => random.randn() * 0.02);
    const bias = new Float32Array(k).fill(-1.6);
    const request = { labels, classes: Int32Array.from({ length: k }, (_, c) => c), weight, bias };
    await report(`scores and gradients of ${k}`, () => features.svm({ ...request, gradient: true }));
    await report(`scores and confidence maps of ${k}`, () => features.svm({ ...request, keep: true }));
    if (k > 1) {
      const classifier = { k, channels, weight, bias };
      await report(`nearest of ${k}, with sums`, () => features.nearest(classifier));
    }
  }
  const rows = 16384;
  const index = random.permutation(pixels).slice(0, rows).sort();
  await report(`${rows} rows, in all`, () => features.rows(index), 1);
  await report(`products of ${rows} rows, in all`, () => features.rowSums(index, new Float32Array(rows).fill(1)), 1);
  await close();
}
