/**
 * How long joining two clusters by hand takes, one SVM trained anew, on a set of known truth taken several times over, and on a sample
 * of it, as editing in place does; and how well the labels of both agree:
 * `npx tsx bench/treeEdit.ts [set] [--copies n] [--threads n]`.
 */
import { parseArgs } from "node:util";
import { cutClassifier, cutTreeAt, mergeClusters, type TreeCut, treeOnPixels } from "../src/cluster/tree/treeCut.ts";
import { predict } from "../src/cluster.ts";
import { denseFeatures, klish, type MergeTree, type Pixels, RandomState } from "../src/index.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

/** Pixels that `klish edit do` trains on. */
const SAMPLE = 49152;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { copies: { type: "string", default: "2" }, threads: { type: "string", default: "2" } },
});
if (!hasKlishFixtures) {
  console.error("../shared/fixtures/klish is not there: nothing to measure.");
  process.exit(1);
}
const fixture = klishFixture(positionals[0] ?? "gen_medium");
const copies = Number(values.copies);
const blas = ortBlas({ threads: Number(values.threads) });
const once = fixture.features(blas);
const rows = await once.rows(Int32Array.from({ length: once.pixels }, (_, n) => n));
const start = Uint16Array.from(fixture.bytes("init_labels.u8"));
const data = new Float32Array(copies * rows.length);
const initialLabels = new Uint16Array(copies * start.length);
for (let copy = 0; copy < copies; copy++) {
  data.set(rows, copy * rows.length);
  initialLabels.set(start, copy * start.length);
}
const features = denseFeatures({ dtype: "float32", shape: [copies * once.pixels, once.channels], data }, { blas });
const tree = await klish(features, { initialLabels, initialClusters: fixture.k0, criterion: "pair", balance: 0 });
const PAIRS = [
  [0, 5],
  [3, 9],
  [1, 2],
] as const;

/** Each join on some pixels; the cut after it. */
async function join(pixels: Pixels, over: MergeTree): Promise<{ times: number[]; cuts: TreeCut[] }> {
  const times: number[] = [];
  const cuts: TreeCut[] = [];
  for (const k of [40, 24, 14])
    for (const [a, b] of PAIRS) {
      const before = performance.now();
      cuts.push(await mergeClusters(pixels, cutTreeAt(over, k), a, b));
      times.push(performance.now() - before);
    }
  return { times, cuts };
}

function spread(times: readonly number[]): string {
  const sorted = [...times].sort((x, y) => x - y);
  const [least, median, most] = [0, sorted.length >> 1, sorted.length - 1].map((i) => sorted[i].toFixed(0));
  return `milliseconds of ${times.length} joins: least ${least}, median ${median}, most ${most}`;
}

const whole = await join(features, tree);
console.log(
  `${fixture.name} x ${copies}: ${features.pixels} pixels x ${features.channels} channels, ${values.threads} threads; ${spread(whole.times)}`,
);
// As `klish edit do` does.
const index = new RandomState(0).permutation(features.pixels).slice(0, SAMPLE).sort();
const sample = denseFeatures(
  { dtype: "float32", shape: [index.length, features.channels], data: await features.rows(index) },
  { blas },
);
const part = await join(
  sample,
  treeOnPixels(
    tree,
    Uint16Array.from(index, (n) => initialLabels[n]),
  ),
);
const agreement: number[] = [];
for (const [i, cut] of whole.cuts.entries()) {
  const [exact, fast] = await Promise.all([cut, part.cuts[i]].map((c) => predict(features, cutClassifier(c))));
  agreement.push(exact.reduce((same, label, n) => same + Number(label === fast[n]), 0) / exact.length);
}
console.log(
  `a sample of ${SAMPLE}: ${spread(part.times)}; labels of all pixels agree for ${(100 * Math.min(...agreement)).toFixed(2)} % or more`,
);
process.exit(0);
