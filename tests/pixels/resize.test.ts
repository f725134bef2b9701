import { describe, expect, it } from "vitest";
import { addResized, linearMap, resizeAdjoint } from "../../src/numeric/bilinear.ts";
import { lineKernels } from "../../src/pixels/kernels/lineKernels.ts";
import { addStacks, imageRows, resizePlan, stackAdjoint } from "../../src/pixels/pyramid/resize.ts";
import { RandomState } from "../../src/tensor/random.ts";

const normal = (length: number, seed: number): Float32Array => {
  const random = new RandomState(seed);
  return Float32Array.from({ length }, () => random.randn());
};

function close(a: Float32Array, b: Float32Array): void {
  expect(a.length).toBe(b.length);
  expect(a.every((x, i) => Math.abs(x - b[i]) <= 1e-5)).toBe(true);
}

/** Source and target sizes: a point, neighbours, equal, odd ones, and maps so many that they are done in groups. */
const SIZES = [
  { from: 1, to: 4, maps: 3 },
  { from: 2, to: 4, maps: 1 },
  { from: 3, to: 8, maps: 2 },
  { from: 7, to: 8, maps: 3 },
  { from: 8, to: 8, maps: 2 },
  { from: 5, to: 12, maps: 300 },
  { from: 16, to: 32, maps: 70 },
];

describe("resize by SIMD", () => {
  it("has its kernels: Node's engine has SIMD", () => {
    expect(lineKernels(1024)).toBeDefined();
  });

  it.each(SIZES)("addStacks adds what addResized defines, $from to $to, twice", ({ from, to, maps }) => {
    const plan = resizePlan(linearMap(from, to));
    const source = normal(2 + maps * from ** 2, 1);
    const single = normal(maps, 2);
    const expected = normal(3 + maps * to ** 2, 3);
    const found = expected.slice();
    addResized(source, 2, maps, plan.map, expected, 3);
    addResized(single, 0, maps, linearMap(1, to), expected, 3);
    const stacks = [
      { source, offset: 2, plan },
      { source: single, offset: 0, plan: resizePlan(linearMap(1, to)) },
    ];
    addStacks(stacks, maps, found, 3);
    close(found, expected);
  });

  it.each(SIZES)("stackAdjoint writes what resizeAdjoint defines, $to to $from", ({ from, to, maps }) => {
    const plan = resizePlan(linearMap(from, to));
    const source = normal(1 + maps * to ** 2, 4);
    const expected = normal(2 + maps * from ** 2, 5);
    const found = expected.slice();
    resizeAdjoint(source, 1, maps, plan.map, expected, 2);
    stackAdjoint(source, 1, maps, plan, found, 2);
    close(found, expected);
  });

  it("imageRows of many pixels at a time are those of each pixel alone", () => {
    const levels = [
      { source: normal(8, 6), channels: 8, map: linearMap(1, 40) },
      { source: normal(9 * 4, 7), channels: 4, map: linearMap(3, 40) },
      { source: normal(1600 * 3, 8), channels: 3, map: linearMap(40, 40) },
    ];
    const index = Int32Array.from({ length: 1600 }, (_, n) => 5000 + 1599 - n);
    const all = new Float32Array(1600 * 15);
    imageRows(levels, index, 5000, all);
    const alone = new Float32Array(1600 * 15);
    for (let n = 0; n < 1600; n++)
      imageRows(levels, index.subarray(n, n + 1), 5000, alone.subarray(n * 15, (n + 1) * 15));
    close(all, alone);
  });
});
