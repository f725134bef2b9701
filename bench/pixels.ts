/**
 * How many pixels are enough: KLiSH on a stratified subset (all images kept) against KLiSH on every pixel. Each tree is cut at the true K
 * (at 14 on a generator without truth), its classifier labels every pixel, and that is compared with the truth and with the labels of the
 * full run of the same seed. Seconds are those of clustering on one thread, by the
 * clock and of the CPU.
 *
 *     npx tsx bench/pixels.ts [gen_medium synth_medium anime64] [--shares 1,4,16,64] [--seeds 3] [--criterion paper|pair]
 *
 * `--shares 4` takes a quarter of the pixels; the full run, 1, comes first and is what the others are compared with.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { imageContingency, pooled, predict, sampleFeatures, subset } from "../src/cluster.ts";
import { stratifiedPixels } from "../src/features/pixelStride.ts";
import { seedBatches } from "../src/features/sampleFeatures.ts";
import { concatenate } from "../src/gan/networkGenerator.ts";
import { autoLayers } from "../src/gan.ts";
import {
  adjustedMutualInfo,
  featurePyramid,
  klish,
  matchedMeanIou,
  openGenerator,
  type Pixels,
  type Tensor,
} from "../src/node.ts";
import { ortBlas } from "../src/nodeParts.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shares: { type: "string", default: "1,4,16,64" },
    seeds: { type: "string", default: "3" },
    criterion: { type: "string", default: "pair" },
    images: { type: "string", default: "256" },
  },
});
const shares = values.shares.split(",").map(Number);
const criterion = values.criterion === "paper" ? "paper" : "pair";
/** K without a truth: the paper's usual one for faces. */
const FACE_PARTS = 14;
const GENERATOR_CLUSTERS = 100;

interface Case {
  readonly name: string;
  readonly features: Pixels;
  readonly images: number;
  readonly resolution: number;
  readonly k0: number;
  readonly k: number;
  readonly truth: Uint8Array | undefined;
}

async function open(name: string): Promise<Case | undefined> {
  const blas = ortBlas({ threads: 1 });
  if (name.endsWith("64") || name.endsWith("32")) {
    const file = resolve(import.meta.dirname, `../../shared/gan/${name}.onnx`);
    if (!existsSync(file)) return undefined;
    const generator = await openGenerator(file, { provider: "cpu", threads: 1 });
    const { info } = generator;
    const images = Number(values.images);
    const seeds = Array.from({ length: images }, (_, i) => i);
    const { resolution } = info;
    const { layers } = autoLayers(info.layers);
    const maps: Tensor[][] = layers.map(() => []);
    for (const batch of seedBatches(seeds, resolution))
      for (const [i, map] of (await sampleFeatures(generator, batch, { layers, resolution })).layers.entries())
        maps[i].push(map);
    await generator.dispose();
    const features = featurePyramid(maps.map(concatenate), { resolution, blas });
    return { name, features, images, resolution, k0: GENERATOR_CLUSTERS, k: FACE_PARTS, truth: undefined };
  }
  const fixture = klishFixture(name);
  const { images, resolution, k0 } = fixture;
  if (images === undefined || resolution === undefined) return undefined;
  const truth = fixture.bytes("truth.u8");
  return { name, features: fixture.features(blas), images, resolution, k0, k: new Set(truth).size, truth };
}

if (!hasKlishFixtures) {
  console.log("skipped: the folder of fixtures beside the repository is absent");
  process.exit(0);
}
console.log(`criterion ${criterion}; seeds 0-${Number(values.seeds) - 1}: mean (worst)\n`);
console.log(
  "| set, K (K0) | pixels | share | s | CPU s | AMI, truth | mIoU, truth | AMI, full run | largest cluster |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
for (const name of positionals.length > 0 ? positionals : ["gen_medium", "synth_medium", "anime64"]) {
  const found = await open(name);
  if (found === undefined) {
    console.log(`| ${name}: absent |`);
    continue;
  }
  await measure(found);
}
process.exit(0);

async function measure({ name, features, images, resolution, k0, k, truth }: Case): Promise<void> {
  const full: Uint16Array[] = [];
  for (const share of shares) {
    const count = Math.round(features.pixels / share);
    const columns: number[][] = [];
    let pixels = features.pixels;
    for (let seed = 0; seed < Number(values.seeds); seed++) {
      const start = performance.now();
      const before = process.cpuUsage();
      const chosen = share === 1 ? features : await subset(features, stratifiedPixels(images, resolution, count, seed));
      pixels = chosen.pixels;
      const tree = await klish(chosen, { initialClusters: k0, seed, criterion });
      const { user, system } = process.cpuUsage(before);
      const seconds = (performance.now() - start) / 1000;
      const labels = await predict(features, tree.classifierAt(k));
      if (share === 1) full[seed] = labels;
      const scores = [seconds, (user + system) / 1e6, Number.NaN, Number.NaN];
      if (truth !== undefined) {
        const table = imageContingency(truth, labels, { pixelsPerImage: resolution ** 2 });
        scores[2] = adjustedMutualInfo(pooled(table));
        scores[3] = matchedMeanIou(table).mean;
      }
      scores.push(full[seed] === undefined ? Number.NaN : adjustedMutualInfo(full[seed], labels));
      const sizes = new Float64Array(k);
      for (const label of labels) sizes[label]++;
      scores.push(Math.max(...sizes) / labels.length);
      columns.push(scores);
    }
    const cells = [0, 1, 2, 3, 4, 5].map((i) =>
      cell(
        columns.map((scores) => scores[i]),
        i,
      ),
    );
    console.log(`| ${name}, ${k} (${k0}) | ${pixels} | 1/${share} | ${cells.join(" | ")} |`);
  }
}

/** Seconds, or mean and worst of a score; the largest cluster's worst is the largest. */
function cell(scores: readonly number[], column: number): string {
  if (scores.some(Number.isNaN)) return "-";
  const mean = scores.reduce((sum, x) => sum + x, 0) / scores.length;
  if (column < 2) return mean.toFixed(1);
  const worst = column === 5 ? Math.max(...scores) : Math.min(...scores);
  return `${mean.toFixed(3)} (${worst.toFixed(3)})`;
}
