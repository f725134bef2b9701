import { plainBlas } from "../../src/numeric/blas.ts";
import { denseFeatures, subset } from "../../src/pixels/denseFeatures.ts";
import { pyramidBlocks } from "../../src/pixels/device/featureBlocks.ts";
import { graphFeatures } from "../../src/pixels/device/graphFeatures.ts";
import { pyramidFeatures } from "../../src/pixels/pyramid/pyramid.ts";
import type { PyramidData } from "../../src/pixels/pyramid/pyramidData.ts";
import { type HalfStore, numbersOf, storedFeatures } from "../../src/pixels/pyramid/storedPyramid.ts";
import { withKeptRows } from "../../src/pixels/shards/keptRows.ts";
import { withSharedPasses } from "../../src/pixels/threads/sharedPasses.ts";
import { unitFeatures } from "../../src/pixels/unitFeatures.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { roundToHalves, widenHalves } from "../../src/tensor/half.ts";
import { RandomState, randn } from "../../src/tensor/random.ts";
import { type PixelsCase, pixelsContract } from "../contracts/pixels.ts";
import { tinyPyramid, workerOf } from "./points.ts";
import { crewOf, localWorker, shardsOf } from "./shards/crew.ts";

/** The rows that a pyramid stands for: every level resized, bilinear with align_corners = true, by the formula. */
function rowsOf({ images, resolution, levels }: PyramidData): Float64Array {
  const d = levels.reduce((sum, { channels }) => sum + channels, 0);
  const rows = new Float64Array(images * resolution ** 2 * d);
  const place = (i: number, size: number): [number, number] => {
    const at = resolution > 1 ? (i * (size - 1)) / (resolution - 1) : 0;
    const low = Math.min(Math.floor(at), Math.max(0, size - 2));
    return [low, at - low];
  };
  for (const { size, channels, first, data } of levels)
    for (let image = 0, n = 0; image < images; image++)
      for (let row = 0; row < resolution; row++)
        for (let column = 0; column < resolution; column++, n++) {
          const [[y0, y], [x0, x]] = [place(row, size), place(column, size)];
          for (const [dy, wy] of [
            [0, 1 - y],
            [1, y],
          ])
            for (const [dx, wx] of [
              [0, 1 - x],
              [1, x],
            ]) {
              if (wy * wx === 0) continue;
              const from = ((image * size + y0 + dy) * size + x0 + dx) * channels;
              for (let c = 0; c < channels; c++) rows[n * d + first + c] += wy * wx * data[from + c];
            }
        }
  return rows;
}

/** A pyramid with a layer of one point, one of full size, and others between; `step` divides all numbers of channels. */
const data = (step: number, images = 4): PyramidData =>
  tinyPyramid(images, 8, [
    [1, 2 * step],
    [3, step],
    [8, 2 * step],
    [5, step],
  ]);

function inMemory(step: number): PixelsCase {
  const given = data(step);
  return { pixels: pyramidFeatures(given, plainBlas()), rows: rowsOf(given) };
}

/** Halves in memory, as they would be read from a file: several blocks of images. */
function stored(): PixelsCase {
  const given = data(1);
  const halves = given.levels.map((level) => roundToHalves(level.data));
  const slice = (l: number, first: number, count: number): Uint16Array =>
    halves[l].slice(first * numbersOf(given.levels[l]), (first + count) * numbersOf(given.levels[l]));
  const store: HalfStore = {
    read(level, image, start, out) {
      const from = image * numbersOf(given.levels[level]) + start;
      out.set(halves[level].subarray(from, from + out.length));
    },
    load: async (first, count) => given.levels.map((_, l) => slice(l, first, count)),
  };
  const levels = given.levels.map((level, l) => ({ ...level, data: widenHalves(halves[l]) }));
  return { pixels: storedFeatures(given, store, plainBlas()), rows: rowsOf({ ...given, levels }) };
}

function dense(): PixelsCase {
  const points = { dtype: "float32" as const, shape: [90, 6], data: randn(3, 540) };
  return { pixels: denseFeatures(points), rows: Float64Array.from(points.data) };
}

pixelsContract("denseFeatures", dense);

pixelsContract("subset", async () => {
  const { pixels, rows } = inMemory(1);
  const index = new RandomState(1).permutation(pixels.pixels).slice(0, 70).sort();
  const { channels: d } = pixels;
  const some = Float64Array.from({ length: index.length * d }, (_, i) => rows[index[Math.floor(i / d)] * d + (i % d)]);
  return { pixels: await subset(pixels, index), rows: some };
});

pixelsContract("unitFeatures", async () => {
  const { pixels, rows } = dense();
  const d = pixels.channels;
  const length = (n: number) => Math.hypot(...rows.subarray(n * d, (n + 1) * d));
  return { pixels: await unitFeatures(pixels), rows: rows.map((x, i) => x / length(Math.floor(i / d))) };
});

pixelsContract("pyramidFeatures by kernels", () => inMemory(4));
pixelsContract("pyramidFeatures of any number of channels", () => inMemory(1));
pixelsContract("storedFeatures", stored);

pixelsContract("withSharedPasses in chunks", () => {
  const { pixels, rows } = inMemory(4);
  return { pixels: withSharedPasses(pixels, [workerOf(pixels), workerOf(pixels)]), rows };
});

pixelsContract("withSharedPasses in given pieces, over stored features", () => {
  const { pixels, rows } = stored();
  return { pixels: withSharedPasses(pixels, [workerOf(stored().pixels)], { piece: 64 }), rows };
});

for (const workers of [1, 2, 7])
  pixelsContract(`shardedPixels by ${workers} workers`, () => {
    const given = data(1, 5);
    const shards = shardsOf(given, 2);
    const { crew, pixels } = crewOf(shards);
    for (let i = 0; i < workers; i++) crew.join(localWorker(`worker ${i}`, async (shard) => shards[shard]));
    return { pixels, rows: rowsOf(given) };
  });

for (const [name, kept] of [
  ["all", 1e6],
  ["a few", 7],
] as const)
  pixelsContract(`withKeptRows, ${name} of them`, () => {
    const { pixels, rows } = inMemory(1);
    return { pixels: withKeptRows(pixels, kept * pixels.channels * 4), rows };
  });

pixelsContract("graphFeatures", async () => {
  const given = data(1);
  const plain = pyramidFeatures(given, plainBlas());
  const options = { runtime: ortNode, provider: "cpu", threads: 1 } as const;
  const { features, close } = await graphFeatures(plain, pyramidBlocks(given), options);
  return { pixels: features, rows: rowsOf(given), close };
});
