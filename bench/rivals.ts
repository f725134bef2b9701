/**
 * Our solvers against the usual ones, in turns in one run; each is skipped where its rival is not installed:
 * - the first one-vs-rest SVMs of gen_small at K0 = 40 against `liblinear-train -s 2` (Debian: liblinear-tools), one thread each,
 *   CPU seconds, less those of a run that only reads the file; objectives of both by Eq. 3 in float64;
 * - K-means on gen_medium from the same 60 centroids against scikit-learn's KMeans(algorithm="lloyd"), as many iterations, `--threads`
 *   threads each (default 2), seconds of the clock and of CPU; inertias of both in float64.
 *
 * npx tsx bench/rivals.ts [--rounds n] [--threads n] [svm] [kmeans]
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { kMeans } from "../src/cluster/kmeans/kMeans.ts";
import { linearSvm } from "../src/cluster/svm/linearSvm.ts";
import { DEFAULT_C } from "../src/cluster/svm/svmProblem.ts";
import type { LinearClassifier } from "../src/pixels/linearClassifier.ts";
import type { Pixels } from "../src/pixels/pixels.ts";
import { pyramidFeatures } from "../src/pixels/pyramid/pyramid.ts";
import { withSharedPasses } from "../src/pixels/threads/sharedPasses.ts";
import { startHelpers } from "../src/project/sampling/featureHelpers.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { RandomState } from "../src/tensor/random.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

/** LIBLINEAR 2.3 always regularises the bias, by 1/2 (b / BIAS)^2: next to nothing; more would only slow it down. */
const BIAS = 10;
/** Its default epsilon, and one that comes within 3e-4 of the least objective; and tolerances of ours at which no class's is higher. */
const PAIRS = [
  { epsilon: "0.01", tolerance: 0.1 },
  { epsilon: "0.001", tolerance: 1e-3 },
] as const;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: "string", default: "3" }, threads: { type: "string", default: "2" } },
});
const rounds = Number(values.rounds);
const asked = (name: string): boolean => positionals.length === 0 || positionals.includes(name);
if (!hasKlishFixtures) {
  console.log("skipped: the folder of fixtures beside the repository is absent");
  process.exit(0);
}
const folder = mkdtempSync(join(tmpdir(), "klish-rivals-"));
try {
  if (asked("svm")) await compareSvm();
  if (asked("kmeans")) await compareKMeans();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

async function compareSvm(): Promise<void> {
  const fixture = klishFixture("gen_small");
  const features = fixture.features(ortBlas({ threads: 1 }));
  const labels = fixture.bytes("init_labels.u8");
  const rows = await denseRows(features);
  const train = (tolerance: number): Promise<LinearClassifier> =>
    linearSvm(features, { labels, nClasses: fixture.k0, tolerance });
  for (const { tolerance } of PAIRS) await train(tolerance);
  const hasRival = spawnSync("liblinear-train").error === undefined;
  const file = join(folder, "gen_small.txt");
  if (hasRival) writeFileSync(file, svmLight(rows, labels, features.channels));
  const cost = String(DEFAULT_C / features.pixels);
  const model = join(folder, "model");
  const liblinear = (epsilon: string): number =>
    childCpuSeconds(["liblinear-train", "-q", "-s", "2", "-c", cost, "-B", String(BIAS), "-e", epsilon, file, model]);
  const pairs = PAIRS.map((pair) => ({
    ...pair,
    ours: { seconds: [] as number[], found: [] as LinearClassifier[] },
    theirs: { seconds: [] as number[], found: [] as LinearClassifier[] },
  }));
  for (let round = 0; round < rounds; round++) {
    // At so large an epsilon the start satisfies it: the file is read, the problems are set up, nothing is trained.
    const reading = hasRival ? liblinear("1e9") : 0;
    for (const { epsilon, tolerance, ours, theirs } of pairs) {
      const before = process.cpuUsage();
      ours.found.push(await train(tolerance));
      const { user, system } = process.cpuUsage(before);
      ours.seconds.push((user + system) / 1e6);
      if (!hasRival) continue;
      theirs.seconds.push(liblinear(epsilon) - reading);
      theirs.found.push(readModel(model, fixture.k0, features.channels));
    }
  }
  console.log(`one-vs-rest SVMs, gen_small, ${features.pixels} x ${features.channels}, K0 = ${fixture.k0}`);
  if (!hasRival) console.log("liblinear-train is not there (Debian: liblinear-tools): nothing to compare");
  for (const { epsilon, tolerance, ours, theirs } of pairs) {
    const f = objectives(rows, labels, ours.found[0]);
    console.log(`ours, tolerance ${tolerance}: ${list(ours.seconds)} CPU s, sum of objectives ${sum(f).toFixed(3)}`);
    if (!hasRival) continue;
    const g = objectives(rows, labels, theirs.found[0]);
    const lower = f.filter((value, k) => value <= g[k]).length;
    console.log(
      `liblinear -s 2 -B ${BIAS} -e ${epsilon}: ${list(theirs.seconds)} CPU s, sum of objectives ${sum(g).toFixed(3)} ` +
        `(ours no higher for ${lower} of ${f.length} classes); ratio ${(Math.min(...theirs.seconds) / Math.min(...ours.seconds)).toFixed(1)} (bar: 20)`,
    );
  }
}

/** One line per pixel: class from 1, then index:value. */
function svmLight(rows: Float32Array, labels: Uint8Array, channels: number): string {
  return Array.from(labels, (label, n) => {
    let line = `${label + 1}`;
    for (let d = 0; d < channels; d++) line += ` ${d + 1}:${rows[n * channels + d].toPrecision(9)}`;
    return `${line}\n`;
  }).join("");
}

/** User and system seconds of a command. Throws where it fails. */
function childCpuSeconds(command: readonly string[]): number {
  const words = command.map((word) => `'${word}'`).join(" ");
  const { status, stderr } = spawnSync("bash", ["-c", `TIMEFORMAT='%U %S'; time ${words}`], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${words} failed: ${stderr}`);
  const [user, system] = stderr.trim().split("\n").at(-1)!.split(" ").map(Number);
  return user + system;
}

function readModel(file: string, k: number, channels: number): LinearClassifier {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  const names = lines
    .find((line) => line.startsWith("label "))!
    .split(" ")
    .slice(1);
  const rows = lines.slice(lines.indexOf("w") + 1).map((line) => line.trim().split(" ").map(Number));
  const weight = new Float32Array(k * channels);
  const bias = new Float32Array(k);
  for (const [column, name] of names.entries()) {
    const c = Number(name) - 1;
    for (let d = 0; d < channels; d++) weight[c * channels + d] = rows[d][column];
    bias[c] = BIAS * rows[channels][column];
  }
  return { k, channels, weight, bias };
}

/** f_k of Eq. 3 of every class, in float64. */
function objectives(rows: Float32Array, labels: Uint8Array, { k, channels, weight, bias }: LinearClassifier) {
  return Float64Array.from({ length: k }, (_, c) => {
    const w = weight.subarray(c * channels, (c + 1) * channels);
    let loss = 0;
    for (let n = 0; n < labels.length; n++) {
      let score = bias[c];
      for (let d = 0; d < channels; d++) score += w[d] * rows[n * channels + d];
      loss += Math.max(0, 1 - (labels[n] === c ? score : -score)) ** 2;
    }
    return w.reduce((total, x) => total + x * x, 0) / 2 + (DEFAULT_C / labels.length) * loss;
  });
}

async function compareKMeans(): Promise<void> {
  const iterations = 10;
  const threads = Number(values.threads);
  const fixture = klishFixture("gen_medium");
  const data = fixture.sharedPyramid()!;
  const { helpers, close } = startHelpers(data, threads - 1);
  const features = withSharedPasses(pyramidFeatures(data, ortBlas({ threads: 1 })), helpers);
  const rows = await denseRows(features);
  const k = fixture.k0;
  const initialCentroids = await features.rows(new RandomState(0).permutation(features.pixels).slice(0, k));
  const cluster = () => kMeans(features, { nClusters: k, initialCentroids, iterations });
  await cluster();
  const python = ["python3", "/usr/bin/python3"].find((name) => spawnSync(name, ["-c", "import sklearn"]).status === 0);
  const files = ["rows.f32", "start.f32", "found.f32"].map((name) => join(folder, name));
  writeFileSync(files[0], new Uint8Array(rows.buffer));
  writeFileSync(files[1], new Uint8Array(initialCentroids.buffer));
  const ours: Times = { clock: [], cpu: [] };
  const theirs: Times = { clock: [], cpu: [] };
  let found = await cluster();
  for (let round = 0; round < rounds; round++) {
    const before = performance.now();
    const cpu = process.cpuUsage();
    found = await cluster();
    const { user, system } = process.cpuUsage(cpu);
    ours.clock.push((performance.now() - before) / 1000);
    ours.cpu.push((user + system) / 1e6);
    if (python === undefined) continue;
    const script = join(import.meta.dirname, "rivalsSklearn.py");
    const child = spawnSync(python, [script, ...files, String(features.channels), String(k), String(iterations)], {
      encoding: "utf8",
      env: { ...process.env, OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) },
    });
    if (child.status !== 0) throw new Error(child.stderr);
    const [clock, seconds] = child.stdout.trim().split(" ").map(Number);
    theirs.clock.push(clock);
    theirs.cpu.push(seconds);
  }
  await close();
  const own = inertia(rows, found.centroids, features.channels);
  console.log(
    `K-means, gen_medium, ${features.pixels} x ${features.channels}, K = ${k}, ${iterations} iterations, ${threads} threads: ` +
      `ours ${list(ours.clock)} s, ${list(ours.cpu)} CPU s, inertia ${own.toFixed(2)}`,
  );
  if (python === undefined) console.log("no Python with scikit-learn (Debian: python3-sklearn): nothing to compare");
  else {
    const other = inertia(rows, new Float32Array(new Uint8Array(readFileSync(files[2])).buffer), features.channels);
    const ratio = (which: keyof Times): string => (Math.min(...theirs[which]) / Math.min(...ours[which])).toFixed(1);
    console.log(
      `scikit-learn, lloyd: ${list(theirs.clock)} s, ${list(theirs.cpu)} CPU s, inertia ${other.toFixed(2)} (${(own / other).toFixed(7)} of it ours); ` +
        `ratio ${ratio("clock")} by the clock (bar: 3), ${ratio("cpu")} of CPU`,
    );
  }
}

interface Times {
  readonly clock: number[];
  readonly cpu: number[];
}

/** sum_x min_c |x - c|^2 in float64. */
function inertia(rows: Float32Array, centroids: Float32Array, channels: number): number {
  let total = 0;
  for (let at = 0; at < rows.length; at += channels) {
    let nearest = Number.POSITIVE_INFINITY;
    for (let from = 0; from < centroids.length; from += channels) {
      let square = 0;
      for (let d = 0; d < channels; d++) square += (rows[at + d] - centroids[from + d]) ** 2;
      nearest = Math.min(nearest, square);
    }
    total += nearest;
  }
  return total;
}

function denseRows(features: Pixels): Promise<Float32Array> {
  return features.rows(Int32Array.from({ length: features.pixels }, (_, n) => n));
}

function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}

function list(seconds: readonly number[]): string {
  return seconds.map((x) => x.toFixed(2)).join(", ");
}
