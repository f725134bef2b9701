import { describe, expect, it } from "vitest";
import { grad } from "../../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { input, mul, reduceSum } from "../../../src/graph/ops/index.ts";
import { RandomState, randn } from "../../../src/tensor/random.ts";
import {
  type Augmentation,
  adaptedProbability,
  augmented,
  augmentInputs,
  augmentTables,
  drawAugmentation,
} from "../../../src/train/gan/augment.ts";
import { augmentKinds } from "../../../src/train/gan/recipe.ts";

const R = 4;
const identity: Augmentation = { place: [1, 0, 0, 0, 1, 0], colour: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] };
const feedsOf = (list: readonly Augmentation[], channels: number): [string, Float32Array][] =>
  Object.entries(augmentTables(list, R, channels)).map(([name, t]) => [name, t.data]);

function run(data: ArrayLike<number>, list: readonly Augmentation[], channels = 3): number[] {
  const N = list.length;
  const y = augmented(input("x", [N, channels, R, R]), augmentInputs("", N, R, channels));
  const feeds = new Map<string, ArrayLike<number>>([["x", data], ...feedsOf(list, channels)]);
  return [...(evaluateGraph(graph({ y }), feeds).get("y") as Float64Array)];
}
const image = randn(1, 3 * R * R);
const at = (c: number, y: number, x: number): number => image[c * R * R + y * R + x];
const everyPixel = (f: (c: number, y: number, x: number) => number): number[] =>
  Array.from({ length: 3 * R * R }, (_, i) => f(Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4));

describe("augmented", () => {
  it("is the identity where nothing happens", () => {
    expect(run(image, [identity])).toEqual([...image]);
  });

  it("mirrors exactly", () => {
    expect(run(image, [{ ...identity, place: [-1, 0, 0, 0, 1, 0] }])).toEqual(everyPixel((c, y, x) => at(c, y, 3 - x)));
  });

  it("moves by whole pixels exactly, and reflects at the border without repeating it", () => {
    // One to the right: the pixel at x comes from x - 1; -1 reflects to 1.
    const right = run(image, [{ ...identity, place: [1, 0, -1, 0, 1, 0] }]);
    expect(right).toEqual(everyPixel((c, y, x) => at(c, y, [1, 0, 1, 2][x])));
    const down = run(image, [{ ...identity, place: [1, 0, 0, 0, 1, -2] }]);
    expect(down).toEqual(everyPixel((c, y, x) => at(c, [2, 1, 0, 1][y], x)));
  });

  it("turns by a quarter exactly, and between pixels it mixes four", () => {
    const quarter = run(image, [{ ...identity, place: [0, 1, 0, -1, 0, 0] }]);
    expect(quarter).toEqual(everyPixel((c, y, x) => at(c, 3 - x, y)));
    const shifted = run(image, [{ ...identity, place: [1, 0, 0.25, 0, 1, 0.5] }]);
    const mixed = 0.375 * (at(0, 1, 1) + at(0, 2, 1)) + 0.125 * (at(0, 1, 2) + at(0, 2, 2));
    expect(shifted[5]).toBeCloseTo(mixed, 5);
  });

  it("multiplies colours by the matrix of each image", () => {
    const colour = [0, 1, 0, 0.5, 0, 0, 1, 0, 2, 0, 0, -1];
    const y = run([...image, ...image], [identity, { ...identity, colour }]);
    expect(y.slice(0, 48)).toEqual([...image]);
    const expected = everyPixel((c, py, px) => [at(1, py, px) + 0.5, at(2, py, px), 2 * at(0, py, px) - 1][c]);
    expect(y.slice(48)).toEqual(expected.map((v) => expect.closeTo(v, 5)));
  });

  it("takes grey images", () => {
    const brighter = { ...identity, colour: [1, 0, 0, 0.5, 0, 1, 0, 0.5, 0, 0, 1, 0.5] };
    const grey = image.slice(0, 16);
    expect(run(grey, [brighter], 1)).toEqual([...grey].map((v) => expect.closeTo(v + 0.5, 5)));
  });

  it("has the adjoint as its derivative: <A x, y> = <x, A' y>", () => {
    const list = [drawAugmentation(new RandomState(3), 1, augmentKinds, R)];
    const [x, y] = [input("x", [1, 3, R, R]), input("y", [1, 3, R, R])];
    const noOffset = { ...list[0], colour: list[0].colour.map((v, i) => (i % 4 === 3 ? 0 : v)) };
    const inner = reduceSum(mul(augmented(x, augmentInputs("", 1, R, 3)), y));
    const adjoint = reduceSum(mul(grad(inner, [x])[0], x));
    const feeds = new Map<string, ArrayLike<number>>([["x", image], ["y", randn(2, 48)], ...feedsOf([noOffset], 3)]);
    const result = evaluateGraph(graph({ inner, adjoint }), feeds);
    expect(result.get("adjoint")![0]).toBeCloseTo(result.get("inner")![0], 5);
  });
});

describe("drawAugmentation", () => {
  const many = (p: number, kinds = augmentKinds as readonly (typeof augmentKinds)[number][]): Augmentation[] => {
    const random = new RandomState(1);
    return Array.from({ length: 2000 }, () => drawAugmentation(random, p, kinds, 64));
  };

  it("does nothing at p = 0", () => {
    for (const { place, colour } of many(0)) {
      expect(place.map((v) => v + 0)).toEqual(identity.place);
      expect(colour).toEqual(identity.colour);
    }
  });

  it("does each kind with probability p, only those asked for", () => {
    const share = (list: readonly Augmentation[], test: (a: Augmentation) => boolean): number =>
      list.filter(test).length / list.length;
    const onlyMoved = many(0.5, ["translate"]);
    // A shift of up to an eighth of 64 pixels; the share of shifts by 0,0 is about 1/17 * 1/17.
    expect(share(onlyMoved, ({ place: [, , t, , , u] }) => t !== 0 || u !== 0)).toBeCloseTo(0.5, 1);
    for (const { place, colour } of onlyMoved) {
      expect([place[0], place[1], place[3], place[4]].map((v) => v + 0)).toEqual([1, 0, 0, 1]);
      expect(Number.isInteger(place[2]) && Math.abs(place[2]) <= 8).toBe(true);
      expect(colour).toEqual(identity.colour);
    }
    expect(share(many(0.5, ["xflip"]), ({ place }) => place[0] === -1)).toBeCloseTo(0.25, 1);
    expect(share(many(0.3, ["hue"]), ({ colour }) => colour[0] !== 1)).toBeCloseTo(0.3, 1);
  });

  it("rotates colours about grey, and scales them along or off it", () => {
    const grey = ({ colour }: Augmentation): number[] =>
      [0, 4, 8].map((r) => colour[r] + colour[r + 1] + colour[r + 2]);
    for (const a of [...many(1, ["hue"]).slice(0, 20), ...many(1, ["saturation"]).slice(0, 20)])
      expect(grey(a)).toEqual([1, 1, 1].map((v) => expect.closeTo(v, 6)));
    const [turned] = many(1, ["hue"]);
    const length = Math.hypot(turned.colour[0], turned.colour[4], turned.colour[8]);
    expect(length).toBeCloseTo(1, 6);
    const [contrast] = many(1, ["contrast"]);
    expect(contrast.colour[1]).toBeCloseTo(0, 6);
    expect(contrast.colour[5]).toBeCloseTo(contrast.colour[0], 6);
  });
});

describe("adaptedProbability", () => {
  const recipe = { target: 0.6, kimg: 10 };
  it("moves by images / kimg towards the target, and stays between 0 and 1", () => {
    expect(adaptedProbability(0.2, 0.9, 1000, recipe)).toBeCloseTo(0.3, 10);
    expect(adaptedProbability(0.2, 0.1, 1000, recipe)).toBeCloseTo(0.1, 10);
    expect(adaptedProbability(0.2, 0.6, 1000, recipe)).toBe(0.2);
    expect(adaptedProbability(0.05, -1, 1000, recipe)).toBe(0);
    expect(adaptedProbability(0.95, 1, 1000, recipe)).toBe(1);
  });
});
