/**
 * Time, memory and exactness of `klish` on data sets with a certified solution:
 * `npx tsx bench/klish.ts [set ...] [--threads n] [--tolerance t]`. For the memory of one set, run it alone, with
 * `node --expose-gc --import tsx`: pages that an earlier set left to the process hide what a later one takes.
 */

import { klish } from "../src/cluster/klish/klish.ts";
import { adjustedMutualInfo } from "../src/metrics/agreement.ts";
import { predict } from "../src/pixels/predict.ts";
import { pyramidFeatures } from "../src/pixels/pyramid/pyramid.ts";
import { withSharedPasses } from "../src/pixels/threads/sharedPasses.ts";
import { type FeatureHelpers, startHelpers } from "../src/project/sampling/featureHelpers.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

/** No thread but this one. */
const alone: FeatureHelpers = { helpers: [], close: async () => undefined };

const SETS = ["toy_small", "toyhard_small", "synth_small", "gen_small", "synth_medium", "gen_medium"];
const MEBIBYTE = 2 ** 20;

const args = process.argv.slice(2);
const value = (flag: string, otherwise: number): number => {
  const at = args.indexOf(flag);
  return at < 0 ? otherwise : Number(args.splice(at, 2)[1]);
};
const threads = value("--threads", 1);
const tolerance = value("--tolerance", 1e-3);
if (!hasKlishFixtures) {
  console.error("../shared/fixtures/klish is not there: nothing to measure.");
  process.exit(1);
}

console.log(`threads ${threads}, tolerance ${tolerance}`);
console.log(
  "| set | N x D, K0 | seconds | CPU seconds | extra MiB | merges as exact | worst f / exact | AMI with exact labels |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- | --- |");
for (const name of args.length > 0 ? args : SETS) {
  const fixture = klishFixture(name);
  // As `klish cluster` does: threads share a pyramid; plain points are left to the products' own threads.
  const shared = threads > 1 ? fixture.sharedPyramid() : undefined;
  const blas = ortBlas({ threads: shared === undefined ? threads : 1 });
  const { helpers, close } = shared === undefined ? alone : startHelpers(shared, threads - 1);
  const features =
    shared === undefined ? fixture.features(blas) : withSharedPasses(pyramidFeatures(shared, blas), helpers);
  const initialLabels = Uint16Array.from(fixture.bytes("init_labels.u8"));
  // Sessions and compiled code are a process's, not a run's: warm them before the clock starts.
  const { channels } = features;
  await features.scores(new Float32Array(channels), new Float32Array(1));
  const classifier = { k: 1, channels, weight: new Float32Array(channels), bias: new Float32Array(1) };
  await features.nearest(classifier, { sums: false });
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let peak = before;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage().rss);
  };
  const highWater = process.resourceUsage().maxRSS;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const phases: string[] = [];
  let phase = "";
  const tree = await klish(features, {
    initialLabels,
    initialClusters: fixture.k0,
    tolerance,
    solvers: { workingSets: helpers, merges: helpers },
    onProgress(progress) {
      sample();
      if (progress.phase !== phase) phases.push(`${progress.phase} ${((performance.now() - start) / 1000).toFixed(2)}`);
      phase = progress.phase;
    },
  });
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  // The kernel's own peak counts where this run raised it; otherwise what was seen between steps.
  const { maxRSS } = process.resourceUsage();
  if (maxRSS > highWater) peak = Math.max(peak, maxRSS * 1024);
  const { steps, initialObjectivePerClass } = fixture.oracle.exact;
  let prefix = 0;
  while (
    prefix < steps.length &&
    steps[prefix].q === tree.steps[prefix].kept &&
    steps[prefix].p === tree.steps[prefix].removed
  )
    prefix++;
  const worst = Math.max(...initialObjectivePerClass.map((f, c) => tree.steps[0].objective[c] / f));
  const agreement: string[] = [];
  for (const k of Object.keys(fixture.oracle.results).map(Number)) {
    const labels = await predict(features, tree.classifierAt(k));
    agreement.push(`${k}: ${adjustedMutualInfo(fixture.bytes(`exact_labels_K${k}.u8`), labels).toFixed(4)}`);
  }
  const extra = ((peak - before) / MEBIBYTE).toFixed(0);
  const shape = `${fixture.pixels} x ${fixture.channels}, ${fixture.k0}`;
  console.log(
    `| ${name} | ${shape} | ${seconds.toFixed(2)} | ${((user + system) / 1e6).toFixed(2)} | ${extra} | ${prefix} of ${steps.length} | ${worst.toFixed(6)} | ${agreement.join(", ")} |`,
  );
  await close();
  if (process.env.KLISH_BENCH_PHASES) console.log(phases.join("; "));
}
