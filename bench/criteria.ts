/**
 * All methods on the sets of known truth, at the true number of classes: AMI / ARI / mIoU (greedy, per image), mean over seeds, and
 * the AMI of the worst seed; then what the pair criterion gains over the paper's rule. With --gans, what can be seen without a truth:
 * the largest cluster's share, effective clusters and R2rel at K = 14 on two generators.
 *
 * npx tsx bench/criteria.ts [set ...] [--seeds 6] [--methods klish,klish-paper,...] [--k0 n,...] [--stride s,...]
 * npx tsx bench/criteria.ts --gans [generator ...] [--seeds 6] [--methods ...] [--k0 n,...] [--stride s,...] [--images 256]
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { clusterings, type MethodName, type MethodResult, methodNames } from "../src/cluster/methods.ts";
import {
  effectiveClusters,
  explainedVariance,
  imageContingency,
  largestShare,
  pooled,
  sampleFeatures,
  stridedPixels,
  subset,
} from "../src/cluster.ts";
import { seedBatches } from "../src/features/sampleFeatures.ts";
import { concatenate } from "../src/gan/networkGenerator.ts";
import { autoLayers } from "../src/gan.ts";
import {
  adjustedMutualInfo,
  adjustedRandIndex,
  featurePyramid,
  kMeans,
  matchedMeanIou,
  openGenerator,
  type Pixels,
  type Tensor,
} from "../src/node.ts";
import { ortBlas } from "../src/nodeParts.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

/** K0 and pixel stride. */
const SETS: Readonly<Record<string, readonly [k0: number, stride: number]>> = {
  toy_small: [16, 1],
  toyhard_small: [32, 1],
  synth_small: [40, 2],
  synth_medium: [50, 4],
  gen_small: [40, 2],
  gen_medium: [60, 4],
};
const GENERATORS: Readonly<Record<string, readonly [k0: number, stride: number]>> = {
  anime64: [100, 4],
  celeba32: [100, 2],
};
/** The paper's usual K for faces. */
const FACE_PARTS = 14;
const GANS = resolve(import.meta.dirname, "../../shared/gan");

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "6" },
    methods: { type: "string", default: methodNames.join(",") },
    k0: { type: "string" },
    stride: { type: "string" },
    images: { type: "string", default: "256" },
    gans: { type: "boolean", default: false },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, i) => i);
const methods = values.methods.split(",") as MethodName[];
const numbers = (text: string | undefined, otherwise: number): number[] => text?.split(",").map(Number) ?? [otherwise];
if (!hasKlishFixtures) {
  console.log("skipped: the folder of fixtures beside the repository is absent");
  process.exit(0);
}
if (values.gans) await compareOnGenerators();
else await compareOnSets();
process.exit(0);

interface Case {
  readonly features: Pixels;
  readonly k0: number;
  readonly k: number;
}

/** Every method from every seed; seconds of the CPU are of the method alone. */
async function* runs({ features, k0, k }: Case) {
  for (const method of methods)
    for (const seed of seeds) {
      const before = process.cpuUsage();
      let found: MethodResult | undefined;
      for await (const result of clusterings(method, features, { ks: [k], seed, initialClusters: k0 })) found = result;
      const { user, system } = process.cpuUsage(before);
      yield { method, seed, seconds: (user + system) / 1e6, ...(found as MethodResult) };
    }
}

async function compareOnSets(): Promise<void> {
  console.log(`AMI/ARI/mIoU at the true K, means of seeds 0-${seeds.length - 1} (worst AMI)\n`);
  const shape = `${methods[0]}: largest share, effective clusters, R2rel; balances`;
  console.log(`| set, K (K0, stride) | ${methods.join(" | ")} | ${shape} |\n|${" --- |".repeat(methods.length + 2)}`);
  const cases = new Map<MethodName, number[][][]>();
  for (const name of positionals.length > 0 ? positionals : Object.keys(SETS))
    for (const stride of numbers(values.stride, SETS[name][1]))
      for (const k0 of numbers(values.k0, SETS[name][0])) {
        const fixture = klishFixture(name);
        const all = fixture.features(ortBlas({ threads: 1 }));
        const { images = 1, resolution } = fixture;
        const index = resolution === undefined ? undefined : stridedPixels(images, resolution, stride, 0);
        const features = index === undefined ? all : await subset(all, index);
        const every = fixture.bytes("truth.u8");
        const truth = index === undefined ? every : Uint8Array.from(index, (n) => every[n]);
        const k = new Set(every).size;
        const cells = new Map<MethodName, number[][]>();
        const shapes: number[][] = [];
        const balances = new Set<number>();
        for await (const { method, seed, labels, balance } of runs({ features, k0, k })) {
          const table = imageContingency(truth, labels, { pixelsPerImage: truth.length / images });
          const whole = pooled(table);
          const scores = [adjustedMutualInfo(whole), adjustedRandIndex(whole), matchedMeanIou(table).mean];
          cells.set(method, [...(cells.get(method) ?? []), scores]);
          if (method !== methods[0]) continue;
          const sizes = sizesOf(labels, k);
          shapes.push([largestShare(sizes), effectiveClusters(sizes), await relative(features, labels, k, seed)]);
          if (balance !== undefined) balances.add(balance);
        }
        for (const [method, scores] of cells) cases.set(method, [...(cases.get(method) ?? []), scores]);
        const mean = [0, 1, 2].map((i) => meanOf(shapes.map((row) => row[i])).toFixed(2)).join(", ");
        const text = methods.map((method) => cellText(cells.get(method) as number[][]));
        console.log(`| ${name}, ${k} (${k0}, ${stride}) | ${text.join(" | ")} | ${mean}; ${[...balances].join(" ")} |`);
      }
  const means = methods.map((method) => summary(cases.get(method) as number[][][], meanOf));
  const worst = methods.map((method) => summary(cases.get(method) as number[][][], (x) => Math.min(...x)));
  console.log(`| **mean** | ${means.map(joined).join(" | ")} | |`);
  console.log(`| **worst seeds, mean** | ${worst.map(joined).join(" | ")} | |`);
  const paper = methods.indexOf("klish-paper");
  for (const [i, method] of methods.entries()) {
    if (paper < 0 || i === paper || !method.startsWith("klish")) continue;
    const gain = (of: readonly number[][]): string =>
      of[i].map((x, score) => `${x >= of[paper][score] ? "+" : ""}${(x - of[paper][score]).toFixed(3)}`).join(" / ");
    console.log(
      `${method} less the paper's rule: AMI/ARI/mIoU ${gain(means)}; worst seeds ${gain(worst)} (bar: +.03 AMI, +.06 mIoU)`,
    );
  }
}

async function compareOnGenerators(): Promise<void> {
  console.log(
    `K = ${FACE_PARTS}, seeds 0-${seeds.length - 1}: largest share (worst), effective clusters, R2rel; balances; CPU seconds; AMI between seeds\n`,
  );
  for (const name of positionals.length > 0 ? positionals : Object.keys(GENERATORS)) {
    const file = resolve(GANS, `${name}.onnx`);
    if (!existsSync(file)) {
      console.log(`${name}: skipped, ${file} is absent`);
      continue;
    }
    for (const stride of numbers(values.stride, GENERATORS[name][1])) {
      const features = await generatorFeatures(file, Number(values.images), stride);
      for (const k0 of numbers(values.k0, GENERATORS[name][0])) {
        console.log(`${name}: ${features.pixels} pixels x ${features.channels} (stride ${stride}), K0 = ${k0}`);
        const found = new Map<MethodName, Awaited<ReturnType<typeof judged>>[]>();
        for await (const run of runs({ features, k0, k: FACE_PARTS }))
          found.set(run.method, [...(found.get(run.method) ?? []), await judged(features, run)]);
        for (const [method, rows] of found) {
          const mean = (value: (row: (typeof rows)[number]) => number): number => meanOf(rows.map(value));
          const pairs = rows.flatMap((a, i) => rows.slice(0, i).map((b) => adjustedMutualInfo(a.labels, b.labels)));
          console.log(
            `  ${method}: ${mean((r) => r.share).toFixed(3)} (${Math.max(...rows.map((r) => r.share)).toFixed(3)}), ` +
              `${mean((r) => r.effective).toFixed(1)}, ${mean((r) => r.r2rel).toFixed(3)}; ${rows.map((r) => r.balance ?? "-").join(" ")}; ` +
              `${mean((r) => r.seconds).toFixed(1)} s; ${pairs.length > 0 ? meanOf(pairs).toFixed(2) : "-"}`,
          );
        }
      }
    }
  }
}

async function judged(
  features: Pixels,
  { labels, balance, seconds, k, seed }: MethodResult & { readonly seed: number; readonly seconds: number },
) {
  const sizes = sizesOf(labels, k);
  const r2rel = await relative(features, labels, k, seed);
  return { labels, balance, seconds, r2rel, share: largestShare(sizes), effective: effectiveClusters(sizes) };
}

async function generatorFeatures(file: string, images: number, stride: number): Promise<Pixels> {
  const generator = await openGenerator(file, { provider: "cpu", threads: 1 });
  const { info } = generator;
  const maps: Tensor[][] = [];
  for (const batch of seedBatches(
    Array.from({ length: images }, (_, i) => i),
    info.resolution,
  )) {
    const { layers } = autoLayers(info.layers);
    const sampled = await sampleFeatures(generator, batch, { layers, resolution: info.resolution });
    for (const [i, map] of sampled.layers.entries()) {
      maps[i] ??= [];
      maps[i].push(map);
    }
  }
  await generator.dispose();
  const all = featurePyramid(maps.map(concatenate), {
    resolution: info.resolution,
    blas: ortBlas({ threads: 1 }),
  });
  return await subset(all, stridedPixels(images, info.resolution, stride, 0));
}

async function relative(features: Pixels, labels: Uint16Array, k: number, seed: number): Promise<number> {
  const reference = await kMeans(features, { nClusters: k, seed });
  return (await explainedVariance(features, labels, k)) / (await explainedVariance(features, reference.labels, k));
}

function sizesOf(labels: Uint16Array, k: number): Float64Array {
  const sizes = new Float64Array(k);
  for (const label of labels) sizes[label]++;
  return sizes;
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

/** Mean over cases of `of` over seeds, per score. */
function summary(scores: readonly (readonly number[][])[], of: (values: readonly number[]) => number): number[] {
  return [0, 1, 2].map((score) => meanOf(scores.map((bySeed) => of(bySeed.map((row) => row[score])))));
}

function joined(scores: readonly number[]): string {
  return scores.map((x) => x.toFixed(3)).join("/");
}

function cellText(scores: readonly number[][]): string {
  const means = [0, 1, 2].map((score) => meanOf(scores.map((row) => row[score])));
  return `${joined(means)} (${Math.min(...scores.map((row) => row[0])).toFixed(3)})`;
}
