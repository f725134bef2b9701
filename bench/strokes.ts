/**
 * How long the classifiers of a cut take to follow a stroke, on a set of known truth: `npx tsx bench/strokes.ts [set] [--threads n]`. The
 * stroke is 60 pixels of one true class that one cluster has wrongly; the sample is that of `klish label stroke`.
 */
import { parseArgs } from "node:util";
import { correctedSvms, predict } from "../src/cluster.ts";
import { denseFeatures, klish } from "../src/index.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

/** Pixels that `klish label stroke` trains on, and pixels of a stroke. */
const SAMPLE = 8192;
const STROKE = 60;
const K = 20;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { threads: { type: "string", default: "2" } },
});
if (!hasKlishFixtures) {
  console.error("../shared/fixtures/klish is not there: nothing to measure.");
  process.exit(1);
}
const fixture = klishFixture(positionals[0] ?? "gen_medium");
const blas = ortBlas({ threads: Number(values.threads) });
const all = fixture.features(blas);
const step = Math.floor(all.pixels / SAMPLE);
const index = Int32Array.from({ length: SAMPLE }, (_, i) => i * step);
const features = denseFeatures(
  { dtype: "float32", shape: [SAMPLE, all.channels], data: await all.rows(index) },
  { blas },
);
const tree = await klish(features, { initialClusters: fixture.k0, criterion: "pair", balance: 0 });
const base = tree.classifierAt(K);
const labels = tree.labelsAt(K);
const times: number[] = [];
for (let cluster = 0; cluster < K; cluster++) {
  const own = [...index.keys()].filter((n) => labels[n] === cluster).slice(0, STROKE);
  const rows = await features.rows(Int32Array.from(own));
  const clusters = own.map(() => (cluster + 1) % K);
  const corrections = { rows: { dtype: "float32" as const, shape: [own.length, all.channels], data: rows }, clusters };
  const before = performance.now();
  const found = await correctedSvms(features, labels, base, corrections);
  times.push(performance.now() - before);
  const follow = (await predict(denseFeatures(corrections.rows), found)).filter((c, n) => c === clusters[n]).length;
  console.log(`stroke on cluster ${cluster}: ${times.at(-1)?.toFixed(0)} ms, ${follow} of ${own.length} pixels follow`);
}
const sorted = times.sort((a, b) => a - b);
console.log(
  `least ${sorted[0].toFixed(0)} ms, median ${sorted[K >> 1].toFixed(0)}, most ${sorted[K - 1].toFixed(0)}; ${all.channels} channels`,
);
