import { describe, expect, it } from "vitest";
import { RandomState } from "../../../src/tensor/random.ts";
import { IDENTITY } from "../../../src/train/colour.ts";
import {
  blurPlane,
  drawColours,
  drawFraming,
  mirroredClasses,
  photoRange,
  plainView,
  recolour,
  viewLabels,
  viewPlanes,
} from "../../../src/train/segmenter/augment.ts";

const random = () => new RandomState(0);
/** Grey pictures of 2x2 pixels. */
const grey = (...values: number[]) => Uint8Array.from(values.flatMap((v) => [v, v, v]));
const first = (planes: Float32Array) => [...planes.subarray(0, planes.length / 3)].map((v) => Number(v.toFixed(4)));

describe("a view of a picture", () => {
  it("that is plain is the picture in [-1,1], and its labels", () => {
    expect(first(viewPlanes(grey(0, 255, 51, 204), 2, plainView(2), random()))).toEqual([-1, 1, -0.6, 0.6]);
    expect([...viewLabels(Uint8Array.of(0, 1, 2, 255), 2, plainView(2), [])]).toEqual([0, 1, 2, 255]);
  });

  it("turns left to right, and exchanges the classes of the two sides", () => {
    const view = { ...plainView(2), flip: true };
    expect(first(viewPlanes(grey(0, 255, 51, 204), 2, view, random()))).toEqual([1, -1, 0.6, -0.6]);
    // 1 and 2 are each other's mirror.
    expect([...viewLabels(Uint8Array.of(0, 1, 2, 255), 2, view, [0, 2, 1])]).toEqual([2, 0, 255, 1]);
  });

  it("enlarges a window, and takes the nearest label", () => {
    const view = { ...plainView(2), window: { left: 1, top: 0, side: 1 } };
    // Centres at 1.25 and 1.75 across, 0.25 and 0.75 down: right column, top row, beyond whose centres pixels repeat.
    expect([...viewLabels(Uint8Array.of(0, 1, 2, 3), 2, view, [])]).toEqual([1, 1, 1, 1]);
    // Across: a quarter of the left pixel at 1.25. Down: a quarter of the lower row at 0.75.
    const [a, b, c, d] = [0, 255, 51, 204].map((v) => v / 127.5 - 1);
    const upper = [0.25 * a + 0.75 * b, b];
    const lower = [0.25 * c + 0.75 * d, d];
    const expected = [...upper, ...upper.map((u, i) => 0.75 * u + 0.25 * lower[i])];
    expect(first(viewPlanes(grey(0, 255, 51, 204), 2, view, random()))).toEqual(
      expected.map((v) => Number(v.toFixed(4))),
    );
  });

  it("that reaches beyond the picture is grey there, without a label, and each pixel the mean of those it covers", () => {
    // The 2x2 picture in the left upper quarter of a window of 4: one pixel of the view.
    const view = { ...plainView(2), window: { left: 0, top: 0, side: 4 } };
    expect(first(viewPlanes(grey(0, 255, 255, 0), 2, view, random()))).toEqual([0, 0, 0, 0]);
    expect(first(viewPlanes(grey(255, 255, 255, 0), 2, view, random()))).toEqual([0.5, 0, 0, 0]);
    expect([...viewLabels(Uint8Array.of(0, 1, 2, 3), 2, view, [])]).toEqual([3, 255, 255, 255]);
  });

  it("is the same for the same draws, within its ranges", () => {
    const [a, b] = [new RandomState(5), new RandomState(5)];
    for (let i = 0; i < 50; i++) {
      const view = drawColours(a, photoRange, drawFraming(a, photoRange, 64));
      expect(drawColours(b, photoRange, drawFraming(b, photoRange, 64))).toEqual(view);
      const { side, left } = view.window;
      expect(side).toBeGreaterThanOrEqual(64 / photoRange.scale[1]);
      expect(side).toBeLessThanOrEqual(64 / photoRange.scale[0]);
      // Inside the picture, or all around it.
      expect(left * (64 - side)).toBeGreaterThanOrEqual(0);
      expect(Math.abs(left)).toBeLessThanOrEqual(Math.abs(64 - side));
      expect(view.blur).toBeLessThanOrEqual(photoRange.blur);
      expect(view.quality ?? 100).toBeGreaterThanOrEqual(photoRange.jpeg);
    }
    const none = { ...photoRange, flip: false, chance: 0, scale: [1, 1] as const };
    const stream = random();
    expect(drawColours(stream, none, drawFraming(stream, none, 8))).toEqual(plainView(8));
  });

  it("draws as many numbers whatever happens, so that one range's pictures are another's in the same frames", () => {
    const [a, b] = [new RandomState(5), new RandomState(5)];
    drawColours(a, photoRange, drawFraming(a, photoRange, 8));
    const never = { ...photoRange, flip: false, chance: 0 };
    drawColours(b, never, drawFraming(b, never, 8));
    expect(a.randomSample()).toBe(b.randomSample());
  });
});

it("recolour() multiplies [red, green, blue, 1] by the matrix", () => {
  const planes = Float32Array.of(0.5, 0.25, -1);
  recolour(planes, [1, 2, 0, 0.5, 0, 1, 0, 0, 0, 0, -1, 0]);
  expect([...planes]).toEqual([1.5, 0.25, 1]);
  recolour(planes, IDENTITY);
  expect([...planes]).toEqual([1.5, 0.25, 1]);
});

it("blurPlane() spreads a point as a Gaussian and keeps a plane of one value", () => {
  const plane = new Float32Array(49);
  plane[24] = 1;
  blurPlane(plane, 7, 0.8);
  const weight = (d: number) => Math.exp(-(d ** 2) / (2 * 0.8 ** 2));
  expect(plane[25] / plane[24]).toBeCloseTo(weight(1), 5);
  expect(plane[24 + 8] / plane[24]).toBeCloseTo(weight(1) ** 2, 5);
  expect(plane.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  const even = new Float32Array(49).fill(0.3);
  blurPlane(even, 7, 0.8);
  for (const v of even) expect(v).toBeCloseTo(0.3, 6);
});

it("mirroredClasses() finds the other side by names", () => {
  const names = ["skin", "l_eye", "r_eye", "left ear", "Right ear", "nose", "ear_r", "leftover", "upper lip", "l_brow"];
  expect(mirroredClasses(names)).toEqual([0, 2, 1, 4, 3, 5, 6, 7, 8, 9]);
});
