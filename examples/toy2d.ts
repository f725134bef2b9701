/**
 * The paper's 2-D experiment (Fig. 2): three classes that lines separate and K-means tears apart. KLiSH
 * against K-means and agglomerative clustering, drawn in a report.
 * `npx tsx examples/toy2d.ts <folder>`
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { explainedByTree, predict } from "../src/cluster.ts";
import {
  adjustedMutualInfo,
  adjustedRandIndex,
  ahc,
  denseFeatures,
  klish,
  kMeans,
  RandomState,
  tensor,
} from "../src/node.ts";
import { buildReport, readTemplate, renderReport } from "../src/nodeParts.ts";

/** The report draws the first. */
const SEEDS = [0, 1, 2, 3, 4, 5];
const INITIAL_CLUSTERS = 16;
const outdir = resolve(process.argv[2] ?? "klish-toy");

/**
 * A cloud of `size` points around a centre: normal, with standard deviations `length` and `width` along and across an
 * axis tilted by `tilt` degrees. A class is several clouds of unlike density and shape; a line parts it from the others.
 */
const CLOUDS = [
  { label: 0, size: 500, centre: [-2.4, 0.6], length: 0.9, width: 0.5, tilt: 80 },
  { label: 0, size: 300, centre: [-3.6, -2.4], length: 2.0, width: 0.15, tilt: 70 },
  { label: 0, size: 500, centre: [-5.2, -4.0], length: 1.6, width: 0.8, tilt: 75 },
  { label: 1, size: 400, centre: [3.2, 0.2], length: 1.3, width: 0.5, tilt: 40 },
  { label: 1, size: 200, centre: [4.4, -2.6], length: 1.6, width: 0.7, tilt: 110 },
  { label: 2, size: 250, centre: [2.6, 6.0], length: 1.7, width: 0.15, tilt: -8 },
  { label: 2, size: 150, centre: [3.0, 7.6], length: 1.0, width: 0.6, tilt: 0 },
] as const;
const CLASSES = 3;

function sampleClouds(seed: number): { positions: Float32Array; truth: Uint8Array } {
  const random = new RandomState(seed);
  const points: number[] = [];
  const truth: number[] = [];
  for (const { label, size, centre, length, width, tilt } of CLOUDS) {
    const [cos, sin] = [Math.cos((tilt * Math.PI) / 180), Math.sin((tilt * Math.PI) / 180)];
    for (let i = 0; i < size; i++) {
      const along = length * random.randn();
      const across = width * random.randn();
      points.push(centre[0] + along * cos - across * sin, centre[1] + along * sin + across * cos);
      truth.push(label);
    }
  }
  return { positions: Float32Array.from(points), truth: Uint8Array.from(truth) };
}

/** The three methods on the clouds of one seed: labels at K clusters, on demand. */
async function experiment(seed: number) {
  const { positions, truth } = sampleClouds(seed);
  const features = denseFeatures(tensor([truth.length, 2], positions));
  const tree = await klish(features, { initialClusters: INITIAL_CLUSTERS, seed });
  const methods = [
    { name: "KLiSH", labelsAt: (k: number) => predict(features, tree.classifierAt(k)) },
    { name: "K-means++", labelsAt: async (k: number) => (await kMeans(features, { nClusters: k, seed })).labels },
    {
      name: "AHC (Ward)",
      labelsAt: async (k: number) => (await ahc(features, { nClusters: k, linkage: "ward" })).labels,
    },
  ];
  return { positions, truth, features, tree, methods };
}

const start = performance.now();
const { positions, truth, features, tree, methods } = await experiment(SEEDS[0]);
const ks = tree.steps.map((s) => s.k);
const labels = await Promise.all(methods.map(({ labelsAt }) => Promise.all(ks.map(labelsAt))));
const metrics = { AMI: adjustedMutualInfo, ARI: adjustedRandIndex };
const report = await buildReport({
  title: "Three classes, seven clouds",
  summary: "The 2-D experiment of the KLiSH paper: classes that lines separate and K-means tears apart.",
  command: "npx tsx examples/toy2d.ts",
  facts: [
    { label: "points", value: `${truth.length} in ${CLOUDS.length} clouds of ${CLASSES} classes, seed ${SEEDS[0]}` },
    {
      label: "merging",
      value: "the paper's rule: lowest IoU into highest ECoS",
      note: `K-means++ start with ${INITIAL_CLUSTERS} clusters`,
    },
  ],
  tree,
  explained: await explainedByTree(features, tree, tree.initialLabels),
  samples: {
    kind: "points",
    positions,
    initialLabels: tree.initialLabels,
    scores: await features.scores(tree.weight, tree.bias),
    rivals: methods.slice(1).map(({ name }, i) => ({ name, ks, labels: labels[i + 1] })),
    truth,
    agreement: methods.flatMap(({ name }, m) =>
      Object.entries(metrics).map(([metric, measure]) => ({
        method: name,
        metric,
        points: ks.map((k, i) => [k, measure(truth, labels[m][i])] as const),
      })),
    ),
  },
  openAt: CLASSES,
});
await mkdir(outdir, { recursive: true });
const path = join(outdir, "report.html");
await writeFile(path, renderReport(report, await readTemplate()));

/** The true number of classes, and twice it: over-segmenting should cost a method little. */
const shownKs = [CLASSES, 2 * CLASSES];
const scores = methods.map(({ name }) => ({ name, ami: shownKs.map(() => [] as number[]) }));
for (const seed of SEEDS) {
  const run = await experiment(seed);
  for (const [m, { labelsAt }] of run.methods.entries())
    for (const [i, k] of shownKs.entries()) scores[m].ami[i].push(adjustedMutualInfo(run.truth, await labelsAt(k)));
}
console.log(`the paper's 2-D experiment: ${truth.length} points, ${INITIAL_CLUSTERS} clusters merged down to 2`);
console.log(`agreement with the truth (AMI, 1 is perfect), mean and worst of ${SEEDS.length} seeds:`);
console.log(`  ${"".padEnd(11)} ${shownKs.map((k) => `K = ${k}`.padEnd(14)).join(" ")}`);
for (const { name, ami } of scores) {
  const cells = ami.map((a) => `${(a.reduce((x, y) => x + y) / a.length).toFixed(3)} (${Math.min(...a).toFixed(3)})`);
  console.log(`  ${name.padEnd(11)} ${cells.map((c) => c.padEnd(14)).join(" ")}`);
}
console.log(`took ${((performance.now() - start) / 1000).toFixed(1)} s`);
console.log(`\nopen the report in a browser: ${pathToFileURL(path).href}`);
console.log("your own generator:  npx klish cluster --network <.onnx|.pkl> --outdir <folder>");
