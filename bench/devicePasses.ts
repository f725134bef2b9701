/**
 * Passes over the pixels on a device against the same passes on the CPU, in one run: seconds, their ratio, and how far the results
 * are apart. Features are random numbers of StyleGAN2-FFHQ's layers, at 256 x 256 unless told otherwise.
 *
 *     npx tsx bench/devicePasses.ts --provider webgpu [--images 8] [--classes 100] [--resolution 256] [--channels 1] [--threads n]
 *
 * `--channels 0.1` takes a tenth of the channels. "first" includes the compilation; the others are medians of `--repeats` runs. A GPU that
 * is imitated in software (VK_ICD_FILENAMES) shows that it works, not how fast it is.
 */
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { pyramidBlocks } from "../src/pixels/device/featureBlocks.ts";
import { graphFeatures } from "../src/pixels/device/graphFeatures.ts";
import type { ClassPass, NearestPass, Pixels } from "../src/pixels/pixels.ts";
import { pyramidFeatures } from "../src/pixels/pyramid/pyramid.ts";
import type { PyramidLevel } from "../src/pixels/pyramid/pyramidData.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { providers } from "../src/runtime/session.ts";
import { RandomState } from "../src/tensor/random.ts";

const { values } = parseArgs({
  options: {
    provider: { type: "string", default: "webgpu" },
    images: { type: "string", default: "8" },
    classes: { type: "string", default: "100" },
    resolution: { type: "string", default: "256" },
    channels: { type: "string", default: "1" },
    threads: { type: "string", default: String(availableParallelism()) },
    repeats: { type: "string", default: "3" },
  },
});
const provider = providers.find((name) => name === values.provider);
if (provider === undefined) throw new Error(`--provider: expected one of ${providers.join(", ")}`);
const [images, classes, resolution, share, threads, repeats] = [
  values.images,
  values.classes,
  values.resolution,
  values.channels,
  values.threads,
  values.repeats,
].map(Number);

/** Side of the maps at 256 x 256, and channels. */
const LAYERS = [
  [64, 512],
  [128, 256],
  [256, 128],
  [256, 64],
  [256, 32],
];

const random = new RandomState(0);
/** Normal numbers are dear; these are as good here. */
const noise = (length: number): Float32Array => {
  let x = random.randint(2 ** 30);
  return Float32Array.from({ length }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    return x / 2 ** 31;
  });
};

let first = 0;
const levels = LAYERS.map(([side, all]): PyramidLevel => {
  const size = Math.max(1, Math.round((side * resolution) / 256));
  const channels = Math.max(1, Math.round(all * share));
  const level = { size, channels, first, data: noise(images * size * size * channels) };
  first += channels;
  return level;
});
const data = { images, resolution, levels };
const plain = pyramidFeatures(data, ortBlas({ threads }));
const { pixels, channels } = plain;

const seconds = async <T>(work: () => Promise<T>): Promise<[number, T]> => {
  const start = performance.now();
  const result = await work();
  return [(performance.now() - start) / 1000, result];
};
const median = (numbers: number[]): number => numbers.sort((a, b) => a - b)[numbers.length >> 1];
const print = (s: number): string => s.toPrecision(3);

/** max |a - b| as a share of max |b|. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  let worst = 0;
  for (let i = 0; i < b.length; i++) {
    largest = Math.max(largest, Math.abs(b[i]));
    worst = Math.max(worst, Math.abs(a[i] - b[i]));
  }
  return worst / Math.max(largest, Number.MIN_VALUE);
}

const bytes = levels.reduce((sum, level) => sum + level.data.byteLength, 0);
console.log(
  `${provider}; CPU: ${threads} threads of ${cpus()[0].model}; ${images} images, ${pixels} pixels, ${channels} channels, ` +
    `${classes} classes, ${(bytes / 1e6).toFixed(1)} MB of features\n`,
);
const [uploaded, device] = await seconds(() =>
  graphFeatures(plain, pyramidBlocks(data), { runtime: ortNode, provider, threads }),
);
console.log(`uploaded ${(device.residentBytes / 1e6).toFixed(1)} MB and compared scores in ${print(uploaded)} s\n`);
console.log("| pass | CPU s | device s | ratio | first s | apart by |");
console.log("| --- | --- | --- | --- | --- | --- |");

async function compare<T>(
  what: string,
  pass: (features: Pixels) => Promise<T>,
  apart: (a: T, b: T) => number,
): Promise<void> {
  const [compiled, got] = await seconds(() => pass(device.features));
  const onDevice: number[] = [];
  const onCpu: number[] = [];
  let expected: T = got;
  for (let i = 0; i < repeats; i++) {
    onDevice.push((await seconds(() => pass(device.features)))[0]);
    const [elapsed, result] = await seconds(() => pass(plain));
    onCpu.push(elapsed);
    expected = result;
  }
  const [cpu, gpu] = [median(onCpu), median(onDevice)];
  console.log(
    `| ${what} | ${print(cpu)} | ${print(gpu)} | ${print(cpu / gpu)} | ${print(compiled)} | ${apart(got, expected).toExponential(1)} |`,
  );
}

/** Rows of some length, so that a few per cent of the scores are above -1, as of classes in one-vs-rest. */
const rows = (k: number): Float32Array => noise(k * channels).map((x) => x * Math.sqrt(1 / channels));
const sums = (a: NearestPass, b: NearestPass): number => difference(a.sums, b.sums);
const centres = { k: classes, channels, weight: rows(classes), bias: new Float32Array(classes) };
await compare(`nearest of ${classes}, with sums`, (features) => features.nearest(centres), sums);
await compare(
  `nearest of ${classes}`,
  (features) => features.nearest(centres, { sums: false }),
  (a, b) => a.labels.reduce((count, label, n) => count + (label === b.labels[n] ? 0 : 1), 0) / pixels,
);
const labels = Uint16Array.from({ length: pixels }, (_, n) => Math.floor(n / 97) % classes);
const gradients = (a: ClassPass[], b: ClassPass[]): number =>
  Math.max(...a.map(({ pullGradient = [] }, c) => difference(pullGradient, b[c].pullGradient ?? [])));
const losses = (a: ClassPass[], b: ClassPass[]): number =>
  difference(
    a.map(({ loss }) => loss),
    b.map(({ loss }) => loss),
  );
for (const k of new Set([1, classes])) {
  const names = Int32Array.from({ length: k }, (_, c) => c);
  const request = { labels, classes: names, weight: rows(k), bias: new Float32Array(k).fill(-1.6) };
  const named = `of ${k} ${k === 1 ? "class" : "classes"}`;
  await compare(`losses and gradients ${named}`, (f) => f.svm({ ...request, gradient: true }), gradients);
  await compare(`confidence maps ${named}`, (f) => f.svm({ ...request, keep: true }), losses);
}
await device.close();
