/** `klish/cluster`: pixels, clusters, trees and classifiers, without Node or a browser. `npx tsx examples/api/cluster.ts` */
import { denseFeatures, tensor } from "klish";
import {
  adjustedRandIndex,
  applyTreeEdit,
  assignedMeanIou,
  cosineKMeans,
  cutClassifier,
  cutLabels,
  cutTreeAt,
  ecosLinkage,
  effectiveClusters,
  explainedByTree,
  explainedVariance,
  imageContingency,
  kasp,
  klish,
  largestShare,
  lockCluster,
  meanIou,
  mergeClusters,
  mergeKey,
  mergeTreeFromData,
  mergeTreeToData,
  nameCluster,
  plainBlas,
  pooled,
  predict,
  recut,
  replayTreeEdits,
  softmaxRegression,
  splitCluster,
  storedFeatures,
  stratifiedPixels,
  stridedPixels,
  subset,
  transferTreeEdits,
  treeOnPixels,
  treeThrough,
} from "klish/cluster";

// 60 points in three clouds of 20, whose centres are the corners of a triangle.
const truth = Array.from({ length: 60 }, (_, i) => Math.floor(i / 20));
const place = (i: number): number[] => [[0, 0, 10][truth[i]] + (i % 5) / 5, [0, 10, 0][truth[i]] + ((i * 7) % 4) / 4];
const points = denseFeatures(tensor([60, 2], Float32Array.from(truth.flatMap((_, i) => place(i)))), {
  blas: plainBlas(),
});

// A tree of merges from 6 clusters to 2; `kasp` and `cosineKMeans` are rivals.
const tree = await klish(points, { initialClusters: 6, seed: 0 });
console.log(tree.steps.map((step) => step.k).join(), adjustedRandIndex(truth, tree.labelsAt(3))); // 6,5,4,3,2 1
console.log(adjustedRandIndex(truth, (await kasp(points, { nClusters: 3, seed: 0 })).labels)); // 1
const directions = denseFeatures(tensor([4, 2], Float32Array.of(1, 0, 5, 0, 0, 1, 0, 9)));
console.log((await cosineKMeans(directions, { nClusters: 2 })).sizes.join()); // 2,2

// How much of the features' variance lies between clusters, and how even these are.
console.log((await explainedVariance(points, tree.labelsAt(3), 3)).toFixed(2)); // 1.00
const explained = await explainedByTree(points, tree, tree.initialLabels);
console.log(explained.map(({ k, r2 }) => `${k}: ${r2.toFixed(2)}`).join(", ")); // 6: 1.00, 5: 1.00, 4: 1.00, 3: 1.00, 2: 0.62
console.log(effectiveClusters([20, 20, 20]).toFixed(2), largestShare([10, 30]).toFixed(2)); // 3.00 0.75

// A cut of the tree, and edits of it by hand: each gives a new cut.
const cut = cutTreeAt(tree, 3);
const labels = cutLabels(cut);
console.log(cut.clusters.length, adjustedRandIndex(truth, labels)); // 3 1
const named = nameCluster(lockCluster(cut, 0), 0, "left");
console.log(named.clusters[0].name, named.clusters[0].locked, recut(named, 2).clusters[0].name); // left true left
const divisible = cut.clusters.findIndex(({ node }) => node.parts !== null);
console.log(splitCluster(cut, divisible).clusters.length, (await mergeClusters(points, cut, 0, 1)).clusters.length); // 4 2
console.log(mergeKey([2, 5]), treeThrough(named).steps.length); // 2,5 4
console.log(adjustedRandIndex(truth, await predict(points, cutClassifier(cut)))); // 1

// Edits are data: they can be kept, replayed, and carried to another tree of the same pixels.
const edits = [{ type: "name", cluster: 1, name: "middle" }] as const;
const edited = await applyTreeEdit(points, cut, edits[0]);
const replayed = await replayTreeEdits(points, tree, { k: 3, edits });
console.log(edited.clusters[1].name, replayed.clusters[1].name); // middle middle
const other = await klish(points, { initialClusters: 5, seed: 1 });
const { cut: carried, skipped } = await transferTreeEdits(points, tree, { k: 3, edits }, other);
console.log(carried.clusters.filter(({ name }) => name === "middle").length, skipped.length); // 1 0

// A tree as data for a file, and back; and on other pixels.
const data = mergeTreeToData(tree);
console.log(mergeTreeFromData(data).steps.length, data.tensors["weight"].shape); // 5 [ 10, 2 ]
console.log(treeOnPixels(tree, tree.initialLabels.slice(0, 30)).pixels); // 30
const linkage = await ecosLinkage(points, tree.classifierAt(6));
console.log(new Set(linkage.namesAt(3)).size); // 3

// A linear layer trained with cross-entropy.
const softmax = await softmaxRegression(points, { labels: truth, nClasses: 3 });
console.log(adjustedRandIndex(truth, await predict(points, softmax))); // 1

// Agreement with true classes, image by image: here three images of 20 pixels.
const table = imageContingency(truth, labels, { pixelsPerImage: 20 });
console.log(table.images, pooled(table).total, assignedMeanIou(table).mean); // 3 60 1
console.log(meanIou(Float64Array.of(1, 0.5, Number.NaN)), meanIou(Float64Array.of(1, 0.5), 0)); // 0.75 0.5

// Some pixels instead of all: numbers of pixels, and a dense copy of them.
console.log(stridedPixels(1, 4, 2, 0).length, stratifiedPixels(2, 4, 8, 0).length); // 4 8
console.log((await subset(points, Int32Array.of(0, 59))).pixels); // 2

// Features in a file, half precision: here one image of 2 x 2 pixels with one channel, all 1 (0x3c00).
const halves = new Uint16Array(4).fill(0x3c00);
const stored = storedFeatures(
  { images: 1, resolution: 2, levels: [{ size: 2, channels: 1, first: 0 }] },
  { read: (_level, _image, _start, out) => out.fill(0x3c00), load: async () => [halves] },
  plainBlas(),
);
console.log(stored.pixels, (await stored.rows(Int32Array.of(0, 3))).join()); // 4 1,1
