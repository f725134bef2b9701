import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { numbersOf } from "../../../src/pixels/pyramid/storedPyramid.ts";
import {
  checkDisk,
  type FeatureFiles,
  featureFolder,
  HalfFiles,
  halvesOf,
  saveHalves,
} from "../../../src/project/sampling/featureFile.ts";
import { roundToHalves } from "../../../src/tensor/half.ts";
import { randn } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

const LAYERS = [
  { name: "small", channels: 3, resolution: 2 },
  { name: "large", channels: 2, resolution: 4 },
];
const LEVELS = [
  { size: 2, channels: 3, first: 0 },
  { size: 4, channels: 2, first: 3 },
];
/** Images of each file. */
const BATCHES = [[7, 8], [9], [10, 11]];

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-halves-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes five images; returns what describes them and, per level, all halves as they should be read. */
async function written(): Promise<{ files: FeatureFiles; expected: Uint16Array[] }> {
  const expected: number[][] = LEVELS.map(() => []);
  const firsts: number[] = [];
  const offsets: number[][] = [];
  let first = 0;
  for (const seeds of BATCHES) {
    const maps = LAYERS.map(({ channels: C, resolution: h }, l) => {
      const map = tensor([seeds.length, C, h, h], randn(10 * first + l, seeds.length * C * h * h));
      for (let n = 0; n < seeds.length; n++)
        for (let p = 0; p < h * h; p++) for (let c = 0; c < C; c++) expected[l].push(map.data[(n * C + c) * h * h + p]);
      return map;
    });
    await saveHalves(folder, first, seeds, maps, LAYERS);
    firsts.push(first);
    offsets.push(halvesOf(folder, first, seeds, LEVELS, LAYERS)?.offsets ?? []);
    first += seeds.length;
  }
  const files = { images: 5, resolution: 4, levels: LEVELS, folder, firsts, offsets };
  return { files, expected: expected.map((values) => roundToHalves(Float32Array.from(values))) };
}

describe("HalfFiles", () => {
  it("reads any run of numbers, across files", async () => {
    const { files, expected } = await written();
    const store = new HalfFiles(files);
    for (const [level, all] of expected.entries())
      for (const [image, start, length] of [
        [0, 0, 5],
        [1, 3, 20],
        [4, 2, 8],
        [0, 0, all.length],
      ]) {
        const from = image * numbersOf(LEVELS[level]) + start;
        const out = new Uint16Array(Math.min(length, all.length - from));
        store.read(level, image, start, out);
        expect(out).toEqual(all.subarray(from, from + out.length));
      }
    await store.close();
  });

  it("loads blocks in order, ahead, and again from anywhere", async () => {
    const { files, expected } = await written();
    const store = new HalfFiles(files);
    for (const [first, count] of [
      [0, 2],
      [2, 2],
      [4, 1],
      [1, 3],
      [4, 1],
      [0, 5],
    ]) {
      const halves = await store.load(first, count, 5);
      for (const [level, found] of halves.entries()) {
        const numbers = numbersOf(LEVELS[level]);
        expect(found).toEqual(expected[level].subarray(first * numbers, (first + count) * numbers));
      }
    }
    await store.close();
  });

  it("says which file ends too early", async () => {
    const { files } = await written();
    const [, second] = await readdir(featureFolder(folder));
    const path = join(featureFolder(folder), second);
    await truncate(path, (await stat(path)).size - 2);
    const store = new HalfFiles(files);
    await expect(store.load(2, 1, 5)).rejects.toThrow(/000002\.half\.safetensors ends too early. Delete it/);
    await store.close();
  });
});

describe("halvesOf", () => {
  it("knows a file that is missing, cut off, damaged, or of other seeds or layers", async () => {
    await written();
    const path = join(featureFolder(folder), "000000.half.safetensors");
    const found = (seeds = BATCHES[0], levels = LEVELS, layers = LAYERS) => halvesOf(folder, 0, seeds, levels, layers);
    expect(found()).toBeDefined();
    expect(found([7, 9])).toBeUndefined();
    expect(found([7, 8], [LEVELS[0], { ...LEVELS[1], size: 8 }])).toBeUndefined();
    expect(found([7, 8], LEVELS, [LAYERS[0], { ...LAYERS[1], name: "other" }])).toBeUndefined();
    expect(halvesOf(folder, 1, BATCHES[0], LEVELS, LAYERS)).toBeUndefined();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 1));
    expect(found()).toBeUndefined();
    await writeFile(path, bytes.fill(0x7b, 8, 20));
    expect(found()).toBeUndefined();
    await writeFile(path, new Uint8Array(3));
    expect(found()).toBeUndefined();
  });
});

describe("saveHalves", () => {
  it("refuses numbers that half precision has not", async () => {
    const maps = LAYERS.map(({ channels: C, resolution: h }) => tensor([1, C, h, h]));
    maps[1].data[5] = 1e5;
    await expect(saveHalves(folder, 0, [3], maps, LAYERS)).rejects.toThrow(
      /layer large of seed 3 holds 100000; half precision ends at 65504/,
    );
    maps[1].data[5] = Number.NaN;
    await expect(saveHalves(folder, 0, [3], maps, LAYERS)).rejects.toThrow(/layer large of seed 3 holds NaN/);
  });
});

describe("checkDisk", () => {
  it("refuses what the disk cannot hold, before anything is written; later runs only continue", async () => {
    await checkDisk(folder, 1000);
    await expect(checkDisk(folder, 1e18)).rejects.toThrow(/the features need 1000000000\.0 GB of disk, .* GB are free/);
    await written();
    await checkDisk(folder, 1e18);
  });
});
