/**
 * How time and memory of `klish` grow with the pixels N, the channels D and the start clusters K0, on made-up feature maps (Voronoi
 * cells of 24 classes, noise added, layers of 8, 16 and 32 pixels a side with D/2, D/4 and D/4 channels). Each run is a process of
 * its own with one thread, so that peaks do not hide each other; exponents are slopes of least squares in logarithms.
 *
 * npx tsx bench/growth.ts [--quick]
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { klish } from "../src/cluster/klish/klish.ts";
import { pyramidBuilder } from "../src/pixels/pyramid/featurePyramid.ts";
import { pyramidFeatures } from "../src/pixels/pyramid/pyramid.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { RandomState } from "../src/tensor/random.ts";
import { tensor } from "../src/tensor/tensor.ts";

const SIDE = 32;
const CLASSES = 24;
const SITES = 8;
const NOISE = 0.7;
const SIZES = [8, 16, 32];
const SHARES = [1 / 2, 1 / 4, 1 / 4];

interface Size {
  readonly images: number;
  readonly channels: number;
  readonly clusters: number;
}
interface Measured extends Size {
  /** CPU seconds by phase: "group the pixels", "train classifiers", "merge clusters". */
  readonly seconds: Readonly<Record<string, number>>;
  /** Bytes beyond the features at the peak; null where the system does not tell. */
  readonly extra: number | null;
  readonly featureBytes: number;
}

const STATUS = "/proc/self/status";

if (process.argv[2] === "--run") {
  console.log(JSON.stringify(await measure(JSON.parse(process.argv[3]))));
  process.exit(0);
}
compare(process.argv.includes("--quick"));

async function measure({ images, channels, clusters }: Size): Promise<Measured> {
  const layers = SIZES.map((size, i) => ({ size, channels: channels * SHARES[i] }));
  const builder = pyramidBuilder({ images, layers, resolution: SIDE });
  const random = new RandomState(0);
  const means = layers.map((layer) =>
    Float32Array.from({ length: CLASSES * layer.channels }, () => random.randn() / Math.sqrt(layer.channels / 4)),
  );
  for (let image = 0; image < images; image++) {
    const sites = Array.from({ length: SITES }, () => ({
      x: random.randomSample(),
      y: random.randomSample(),
      own: random.randint(CLASSES),
    }));
    builder.add(
      image,
      layers.map(({ size, channels: count }, i) => {
        const data = new Float32Array(count * size * size);
        for (let y = 0; y < size; y++)
          for (let x = 0; x < size; x++) {
            const distance = (site: { x: number; y: number }) =>
              (site.x - (x + 0.5) / size) ** 2 + (site.y - (y + 0.5) / size) ** 2;
            const { own } = sites.reduce((best, site) => (distance(site) < distance(best) ? site : best));
            for (let c = 0; c < count; c++)
              data[(c * size + y) * size + x] = means[i][own * count + c] + NOISE * random.randn();
          }
        return tensor([1, count, size, size], data);
      }),
    );
  }
  const features = pyramidFeatures(builder.finish(), ortBlas({ threads: 1 }));
  await features.scores(new Float32Array(channels), new Float32Array(1));
  globalThis.gc?.();
  const linux = existsSync(STATUS);
  // Forgets the peak so far.
  if (linux) writeFileSync("/proc/self/clear_refs", "5");
  const before = process.memoryUsage().rss;
  const seconds: Record<string, number> = {};
  let cpu = process.cpuUsage();
  let running = "k-means";
  const close = (phase: string): void => {
    const { user, system } = process.cpuUsage(cpu);
    seconds[running] = (seconds[running] ?? 0) + (user + system) / 1e6;
    cpu = process.cpuUsage();
    running = phase;
  };
  await klish(features, {
    initialClusters: clusters,
    criterion: "pair",
    balance: 0,
    onProgress: ({ phase }) => {
      if (phase !== running) close(phase);
    },
  });
  close("");
  const peak = /VmHWM:\s+(\d+)/.exec(linux ? readFileSync(STATUS, "utf8") : "");
  return {
    images,
    channels,
    clusters,
    seconds,
    extra: peak === null ? null : Number(peak[1]) * 1024 - before,
    featureBytes: layers.reduce((sum, layer) => sum + images * layer.channels * layer.size ** 2 * 4, 0),
  };
}

function compare(quick: boolean): void {
  const base: Size = { images: quick ? 8 : 32, channels: 64, clusters: quick ? 16 : 40 };
  const factors = quick ? [1, 2, 4] : [0.5, 1, 2, 4];
  const series: Readonly<Record<string, readonly Size[]>> = {
    N: factors.map((f) => ({ ...base, images: base.images * f })),
    D: factors.map((f) => ({ ...base, channels: base.channels * f })),
    K0: factors.map((f) => ({ ...base, clusters: base.clusters * f })),
  };
  console.log("| N | D | K0 | K-means | SVMs | merges | all, CPU s | features, MiB | peak beyond, MiB |");
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  const known = new Map<string, Measured>();
  const run = (size: Size): Measured => {
    const key = JSON.stringify(size);
    const found = known.get(key) ?? child(key);
    if (!known.has(key)) console.log(line(found));
    known.set(key, found);
    return found;
  };
  const fits: string[] = [];
  for (const [name, sizes] of Object.entries(series)) {
    const measured = sizes.map(run);
    const along = measured.map(({ images, channels, clusters }) =>
      name === "N" ? images * SIDE ** 2 : name === "D" ? channels : clusters,
    );
    const exponents = ["group the pixels", "train classifiers", "merge clusters", "all"].map((phase) => {
      const times = measured.map(({ seconds }) => (phase === "all" ? total(seconds) : seconds[phase]));
      return `${phase} ${slope(along.map(Math.log), times.map(Math.log)).toFixed(2)}`;
    });
    fits.push(`time grows with ${name} to the power: ${exponents.join(", ")}`);
    const extras = measured.flatMap(({ extra }) => (extra === null ? [] : [extra]));
    if (name === "N" && extras.length === along.length)
      fits.push(`memory beyond the features: ${slope(along, extras).toFixed(0)} bytes for each further pixel`);
  }
  console.log(`\n${fits.join("\n")}`);
}

function child(size: string): Measured {
  const self = fileURLToPath(import.meta.url);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", "--import", "tsx", self, "--run", size],
    {
      encoding: "utf8",
    },
  );
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function line({ images, channels, clusters, seconds, extra, featureBytes }: Measured): string {
  const phases = ["group the pixels", "train classifiers", "merge clusters"].map((phase) => seconds[phase].toFixed(2));
  const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  const cells = [images * SIDE ** 2, channels, clusters, ...phases, total(seconds).toFixed(2)];
  return `| ${[...cells, mebibytes(featureBytes), extra === null ? "?" : mebibytes(extra)].join(" | ")} |`;
}

function total(seconds: Readonly<Record<string, number>>): number {
  return Object.values(seconds).reduce((sum, s) => sum + s, 0);
}

/** Of the line of least squares. */
function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const products = x.reduce((sum, v, i) => sum + (v - mx) * (y[i] - my), 0);
  return products / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}
