/** `klish`: from a generator to parts, and every command as a function. `npx tsx examples/api/root.ts` */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  compile,
  featurePyramid,
  graph,
  jobs,
  klish,
  openGenerator,
  openPainter,
  ops,
  pixelClassifier,
  runJob,
  tensor,
} from "klish";
import { sampleFeatures } from "klish/cluster";
import { ortNode } from "klish/node";
import { tinyGenerator } from "./tinyGenerator.ts";

// A generator, its images, and the inner maps that are clustered.
const generator = await openGenerator(tinyGenerator, { provider: "cpu" });
const { layers } = generator.info;
console.log(layers.map(({ channels, resolution }) => `${channels} of ${resolution}`).join()); // 6 of 4,5 of 8
const { image, features } = await generator.generate({ seeds: [0, 1], layers: "auto" });
console.log(image.shape, features.size); // [ 2, 3, 8, 8 ] 2
const batch = await sampleFeatures(generator, [0, 1, 2, 3], { layers, resolution: 8 });
const pyramid = featurePyramid(batch.layers, { resolution: 8 });
console.log(pyramid.pixels, pyramid.channels); // 256 11

// Parts, from 8 clusters down to 2, and what they say of images that were not clustered.
const tree = await klish(pyramid, { initialClusters: 8, seed: 0 });
const where = { runtime: ortNode, provider: "cpu" } as const;
const classifier = await pixelClassifier(tree.classifierAt(3), layers, 8, where);
const { features: others } = await generator.generate({ seeds: [9], layers: layers.map(({ name }) => name) });
const { clusters } = await classifier.classify(others);
const three = clusters.every((cluster) => cluster < 3);
console.log(clusters.length, three); // 64 true
await classifier.dispose();
await generator.dispose();

// A painter, of portraits: a mask with a class id per pixel becomes a picture, in the style of a seed. Here a round face on a wall.
const painter = await openPainter("portraits", { provider: "cpu" });
const { side, classes } = painter.about;
const skin = classes.findIndex(({ name }) => name === "skin");
const face = Uint8Array.from({ length: side * side }, (_, pixel) => {
  const [x, y] = [pixel % side, Math.floor(pixel / side)];
  return Math.hypot(x - side / 2, y - side / 2) < side / 4 ? skin : 0;
});
const [painting] = await painter.paint([face], [painter.style(0)]);
console.log(side, painting.length === 4 * face.length); // 64 true
await painter.dispose();

// A graph of your own, on ONNX Runtime.
const session = await compile(graph({ y: ops.mul(ops.input("x", [2]), 3) }), { provider: "cpu" });
const { y } = await session.run({ x: tensor([2], Float32Array.of(1, 2)) });
console.log(y.data); // Float32Array(2) [ 3, 6 ]
await session.dispose();

// Every command is a function of a plain request: here in another thread, which a signal stops.
const outdir = await mkdtemp(join(tmpdir(), "klish-example-"));
const request = { outdir, count: 2, resolution: 32, threads: 1 };
const { portraits } = await runJob("portraits", request, { signal: AbortSignal.timeout(60_000) });
// In this thread it is `jobs.portraits(request)`: what is there is not drawn again.
console.log(portraits, (await jobs.portraits(request)).portraits); // 2 2
await rm(outdir, { recursive: true });
