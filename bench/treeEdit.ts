/**
 * How long joining two clusters by hand takes, one SVM trained anew, on a set of known truth taken several times over:
 * `npx tsx bench/treeEdit.ts [set] [--copies n] [--threads n]`.
 */
import { parseArgs } from "node:util";
import { cutTreeAt, mergeClusters } from "../src/cluster/treeCut.ts";
import { denseFeatures, klish } from "../src/index.ts";
import { ortBlas } from "../src/runtime/node/ortBlas.ts";
import { hasKlishFixtures, klishFixture } from "./fixtures.ts";

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
const rows = once.rows(Int32Array.from({ length: once.pixels }, (_, n) => n));
const start = Uint16Array.from(fixture.bytes("init_labels.u8"));
const data = new Float32Array(copies * rows.length);
const initialLabels = new Uint16Array(copies * start.length);
for (let copy = 0; copy < copies; copy++) {
  data.set(rows, copy * rows.length);
  initialLabels.set(start, copy * start.length);
}
const features = denseFeatures({ dtype: "float32", shape: [copies * once.pixels, once.channels], data }, { blas });
const tree = await klish(features, { initialLabels, initialClusters: fixture.k0, criterion: "pair", balance: 0 });
const times: number[] = [];
for (const k of [40, 24, 14])
  for (const [a, b] of [
    [0, 5],
    [3, 9],
    [1, 2],
  ]) {
    const before = performance.now();
    await mergeClusters(features, cutTreeAt(tree, k), a, b);
    times.push(performance.now() - before);
  }
times.sort((a, b) => a - b);
console.log(
  `${fixture.name} x ${copies}: ${features.pixels} pixels x ${features.channels} channels, ${values.threads} threads; ` +
    `milliseconds of ${times.length} merges: least ${times[0].toFixed(0)}, median ${times[times.length >> 1].toFixed(0)}, most ${times[times.length - 1].toFixed(0)}`,
);
process.exit(0);
