/** `klish/node`: projects on disk, labels, reports, data sets of any layout. `npx tsx examples/api/node.ts` */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { denseFeatures, jobs, klish, tensor } from "klish";
import {
  brushRuns,
  buildReport,
  editLabels,
  freshLabels,
  labeller,
  loadLabels,
  loadTree,
  openCorrector,
  openDatasetSource,
  openProject,
  ortBlas,
  providerReports,
  readTemplate,
  redoLabels,
  renderReport,
  resolveProvider,
  runsOf,
  saveLabels,
  undoLabels,
} from "klish/node";
import { tinyGenerator } from "./tinyGenerator.ts";

// What this machine computes with: products of matrices, and providers of ONNX Runtime.
const { gemm } = ortBlas({ threads: 1 });
console.log(await gemm({ a: Float32Array.of(1, 2), b: Float32Array.of(3, 4), m: 1, n: 1, k: 2 })); // Float32Array(1) [ 11 ]
const [cpu] = await providerReports({ only: ["cpu"] });
console.log(cpu.provider, cpu.verdict, await resolveProvider("cpu")); // cpu ok cpu

// A project's tree.
const folder = await mkdtemp(join(tmpdir(), "klish-example-"));
const network = join(folder, "tiny.onnx");
await writeFile(network, tinyGenerator);
const outdir = join(folder, "parts");
await jobs.cluster({ network, outdir, images: 4, initialClusters: 6, provider: "cpu" });
const project = await openProject(outdir);
const tree = await loadTree(project);
if (tree === undefined) throw new Error("the project has no tree yet");

// Labels are a recipe: a K, and edits that can be undone.
let labels = freshLabels(3);
labels = editLabels(labels, { type: "name", class: "part 0", name: "sky" });
labels = editLabels(labels, { type: "ignore", classes: ["part 2"] });
await saveLabels(project, labels);
console.log((await loadLabels(project, tree))?.state.classes.map(({ name }) => name).join()); // sky,part 1
console.log(undoLabels(labels).state.ignored.length); // 0
const { classes, label } = labeller(labels.state);
console.log(classes.length, label(Uint8Array.of(0, 1, 2, 0), 2, 2).data.join()); // 2 0,1,255,0
console.log(redoLabels(undoLabels(labels)).state.ignored.length); // 1

// A stroke of a brush through the middle of seed 0's picture, whose pixels belong to what cluster 1 is called: all pictures follow.
const runs = brushRuns(
  [
    [0.2, 0.5],
    [0.8, 0.5],
  ],
  0.1,
  8,
);
console.log(runs.length, runsOf(2, (pixel) => pixel > 1).join()); // 2 2,2
const stroked = editLabels(labels, { type: "stroke", seed: 0, side: 8, runs, clusters: [1] });
const corrector = openCorrector(project, tree, { network: null, provider: "cpu", threads: 1 });
console.log((await corrector.classifier(stroked.state)).k); // 3

// Data sets of any layout, sample by sample.
const set = join(folder, "portraits");
await jobs.portraits({ outdir: set, count: 2, resolution: 32, threads: 1 });
const source = await openDatasetSource([set], { fromFormat: null, recipe: null, name: "portraits" });
const names: string[] = [];
for await (const sample of source.samples()) names.push(sample.name);
console.log(source.info.samples, names.length); // 2 2

// A report of points: one page that needs nothing beside it.
const positions = Float32Array.from({ length: 40 }, (_, i) => (i < 20 ? 0 : 9) + ((i * 7) % 5));
const points = denseFeatures(tensor([20, 2], positions));
const merges = await klish(points, { initialClusters: 4, seed: 0 });
const scores = await points.scores(merges.weight, merges.bias);
const report = await buildReport({
  ...{ title: "Two clouds", summary: "Twenty points.", command: "", facts: [], tree: merges },
  samples: { kind: "points", positions, initialLabels: merges.initialLabels, scores },
});
console.log(renderReport(report, await readTemplate()).includes("<title>Two clouds</title>")); // true
await rm(folder, { recursive: true });
