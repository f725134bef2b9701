import { describe, expect, it } from "vitest";
import {
  type DiscriminatorSizes,
  discriminator,
  discriminatorParameters,
  groupDeviation,
} from "../../src/gan/stylegan2/discriminator.ts";
import { grad } from "../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input, reduceSum } from "../../src/graph/ops/index.ts";
import { squaredGradient } from "../../src/nn/losses.ts";
import { initialTensors, parameterInputs } from "../../src/nn/parameters.ts";
import { randn } from "../../src/tensor/random.ts";

const sizes: DiscriminatorSizes = { resolution: 8, imageChannels: 3, channels: (r) => (r === 8 ? 2 : 3), groupSize: 2 };
const table = discriminatorParameters(sizes);
const weights = parameterInputs(table);
const { features, logits, logitWeights } = discriminator(weights, sizes);
const images = input("images", [2, 3, 8, 8]);
const feeds = new Map<string, Float64Array>([
  ...[...initialTensors(table, 1)].map(([name, t]) => [name, Float64Array.from(t.data)] as const),
  ["images", Float64Array.from(randn(2, 2 * 3 * 64))],
]);

describe("discriminator", () => {
  it("sees images one by one in its features, and in groups in its logits", () => {
    const both = evaluateGraph(graph({ h: features(images), l: logits(features(images)) }), feeds);
    const other = new Map(feeds).set("images", Float64Array.from(feeds.get("images")!).fill(0, 192));
    const changed = evaluateGraph(graph({ h: features(images), l: logits(features(images)) }), other);
    const half = (both.get("h") as Float64Array).length / 2;
    expect(changed.get("h")!.slice(0, half)).toEqual(both.get("h")!.slice(0, half));
    expect(changed.get("l")![0]).not.toBe(both.get("l")![0]);
    expect([...logitWeights]).toEqual([
      "b4.conv.weight",
      "b4.conv.bias",
      "b4.fc.weight",
      "b4.fc.bias",
      "b4.out.weight",
      "b4.out.bias",
    ]);
  });

  it("starts with activations of about unit variance", () => {
    const wide: DiscriminatorSizes = { ...sizes, channels: () => 8 };
    const wideTable = discriminatorParameters(wide);
    const wideFeeds = new Map<string, ArrayLike<number>>(
      [...initialTensors(wideTable, 3)].map(([name, t]) => [name, t.data]),
    );
    wideFeeds.set("images", randn(4, 384));
    const y = discriminator(parameterInputs(wideTable), wide).features(images);
    const h = evaluateGraph(graph({ y }), wideFeeds).get("y") as Float64Array;
    const meanSquare = h.reduce((sum, v) => sum + v * v, 0) / h.length;
    expect(meanSquare).toBeGreaterThan(0.2);
    expect(meanSquare).toBeLessThan(5);
  });

  it.each(["first", "second"])("has %s derivatives that agree with central differences", (order) => {
    const loss =
      order === "first" ? reduceSum(logits(features(images))) : squaredGradient(logits(features(images)), images);
    const names = [...table.keys()];
    const gradients = grad(
      loss,
      names.map((name) => weights.get(name)!),
    );
    const exact = evaluateGraph(graph(Object.fromEntries(names.map((name, i) => [`d/${name}`, gradients[i]]))), feeds);
    const value = graph({ loss });
    const h = 1e-5;
    for (const name of names) {
      const at = (name.length * 7) % feeds.get(name)!.length;
      const shifted = (by: number): number => {
        const data = Float64Array.from(feeds.get(name)!);
        data[at] += by;
        return evaluateGraph(value, new Map(feeds).set(name, data)).get("loss")![0];
      };
      const difference = (shifted(h) - shifted(-h)) / (2 * h);
      expect(exact.get(`d/${name}`)![at], name).toBeCloseTo(difference, 4);
    }
  });
});

describe("groupDeviation", () => {
  it("is the deviation within each group, averaged over features and pixels, on every image of the group", () => {
    // Four images of one pixel and two channels; groups are {0,2} and {1,3}.
    const y = groupDeviation(input("x", [4, 2, 1, 1]), 2);
    const x = [1, 10, 0, 0, 5, 10, 0, 6];
    const result = evaluateGraph(graph({ y }), new Map([["x", x]])).get("y") as Float64Array;
    expect([...result]).toEqual([1, 1.5, 1, 1.5].map((v) => expect.closeTo(v, 3)));
  });
});
