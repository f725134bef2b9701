import { describe, expect, it } from "vitest";
import { grad } from "../../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { input } from "../../../src/graph/ops/index.ts";
import type { Value } from "../../../src/graph/value.ts";
import { oneHot } from "../../../src/models/painter/painter.ts";
import { initialTensors, parameterInputs, trainedNames } from "../../../src/nn/parameters.ts";
import { painterPresets } from "../../../src/project/train/painter/presets.ts";
import { randn } from "../../../src/tensor/random.ts";
import { adversaryOf, CLASS_WEIGHTS, CUT } from "../../../src/train/painter/adversary.ts";
import type { PainterRecipe } from "../../../src/train/painter/recipe.ts";

const K = 3;
const N = 2;
const side = 16;

/** The presets with discriminators of a few channels. */
const recipes: Record<string, PainterRecipe> = {
  auto: {
    ...painterPresets.auto.recipe(side),
    adversary: { kind: "oasis", channels: [3, 4], labelMix: 5 },
    ...{ classes: K, resolution: side, batch: N, mirror: true, seed: 0 },
  },
  spade: {
    ...painterPresets.spade.recipe(side, 1),
    adversary: { kind: "patches", scales: 2, width: 2, layers: 2 },
    ...{ classes: K, resolution: side, batch: N, mirror: true, seed: 0 },
  },
};

describe.each(Object.entries(recipes))("adversaryOf(), %s", (_, recipe) => {
  const adversary = adversaryOf(recipe);
  const names = trainedNames(adversary.parameters);
  const weights = parameterInputs(adversary.parameters);
  const pictures = (name: string): Value => input(name, [N, 3, side, side]);
  const masks = (name: string): Value => input(name, [N, K, side, side]);
  const judged = {
    real: pictures("real"),
    painted: pictures("painted"),
    mask: masks("mask"),
    wanted: masks("wanted"),
    own: input("own", [N, 1, 1, 1]),
  };
  const { painter, adversary: ownLoss } = adversary.losses(weights, judged);
  const halves = (left: number, right: number): Uint8Array =>
    Uint8Array.from({ length: side * side }, (__, p) => (p % side < side / 2 ? left : right));
  const planes = (...labels: Uint8Array[]): Float32Array => oneHot(labels, K, side).data;
  const feeds = new Map<string, ArrayLike<number>>([
    ...[...initialTensors(adversary.parameters, 4)].map(([name, t]): [string, Float32Array] => [name, t.data]),
    ["real", randn(1, N * 3 * side ** 2)],
    ["painted", randn(2, N * 3 * side ** 2)],
    ["mask", planes(halves(0, 1), halves(2, 255))],
    ["wanted", planes(halves(0, 1), halves(2, 0))],
    ["own", [2, 0]],
    [CLASS_WEIGHTS, [0.5, 2, 1]],
    [CUT, halves(0, 1)],
  ]);

  /** Compares gradients of a loss with differences, at some elements of each input. */
  function compare(loss: Value, of: readonly (readonly [string, Value])[]): void {
    const gradients = grad(
      loss,
      of.map(([, value]) => value),
    );
    const got = evaluateGraph(graph(Object.fromEntries(of.map(([name], i) => [`d ${name}`, gradients[i]]))), feeds);
    const g = graph({ loss });
    for (const [name] of of) {
      const values = Float64Array.from(feeds.get(name)!);
      for (const i of new Set([0, values.length >> 1, values.length - 1])) {
        const at = (step: number): number =>
          evaluateGraph(g, new Map([...feeds, [name, values.with(i, values[i] + step)]])).get("loss")![0];
        expect((at(1e-6) - at(-1e-6)) / 2e-6, `${name}[${i}]`).toBeCloseTo(got.get(`d ${name}`)![i], 6);
      }
    }
  }

  it("the discriminator's loss has the gradients that differences in float64 give", () => {
    compare(
      ownLoss,
      names.map((name) => [name, weights.get(name) as Value]),
    );
  });

  it("the painter's loss has the gradient by paintings that differences in float64 give", () => {
    compare(painter, [["painted", judged.painted]]);
  });

  it("paintings are to show the mask that they are of, real pictures their own", () => {
    const value = (loss: Value, changes: [string, ArrayLike<number>][] = []): number =>
      evaluateGraph(graph({ loss }), new Map([...feeds, ...changes])).get("loss")![0];
    const other: [string, ArrayLike<number>][] = [["wanted", planes(halves(1, 0), halves(2, 2))]];
    expect(value(painter, other)).not.toBe(value(painter));
    const mask: [string, ArrayLike<number>][] = [["mask", planes(halves(1, 0), halves(2, 2))]];
    expect(value(ownLoss, mask)).not.toBe(value(ownLoss));
    if (recipe.adversary.kind === "oasis") {
      expect(value(painter, mask)).toBe(value(painter));
      expect(value(ownLoss, other)).toBe(value(ownLoss));
    }
  });
});
