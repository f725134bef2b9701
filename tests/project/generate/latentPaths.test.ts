import { describe, expect, it } from "vitest";
import { interpolateWs, mixWs } from "../../../src/project/generate/latentPaths.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

describe("mixWs()", () => {
  it("takes the named layers from the columns and the others from the rows", () => {
    const rows = tensor([2, 2, 1], Float32Array.of(1, 2, 3, 4));
    const columns = tensor([1, 2, 1], Float32Array.of(10, 20));
    expect(Array.from(mixWs(rows, columns, [1]).data)).toEqual([1, 20, 3, 20]);
  });
});

describe("interpolateWs()", () => {
  it("passes through every key, and closes", () => {
    const path = interpolateWs(tensor([3, 1, 1], Float32Array.of(0, 1, 5)), 4);
    expect(path.shape).toEqual([12, 1, 1]);
    expect([path.data[0], path.data[4], path.data[8]]).toEqual([0, 1, 5]);
    // The last frame is on its way back to the first key.
    expect(path.data[11]).toBeLessThan(5);
  });

  it("is straight and even through keys on a line", () => {
    const keys = tensor([6, 1, 1], Float32Array.of(0, 1, 2, 3, 4, 5));
    const path = interpolateWs(keys, 2).data;
    expect(Array.from(path.subarray(2, 7))).toEqual([1, 1.5, 2, 2.5, 3]);
  });
});
