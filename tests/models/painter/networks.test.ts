import { describe, expect, it } from "vitest";
import { grad } from "../../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { input, reduceSum, square } from "../../../src/graph/ops/index.ts";
import {
  oasisLogits,
  oasisParameters,
  patchJudgements,
  patchParameters,
} from "../../../src/models/painter/discriminators.ts";
import { painterNetwork } from "../../../src/models/painter/painterNetwork.ts";
import { cladePlan, type PainterPlan, sideMultiple, spadePlan } from "../../../src/models/painter/plan.ts";
import { initialTensors, type ParameterTable, parameterInputs } from "../../../src/nn/parameters.ts";
import { besideMask } from "../../../src/nn/regions.ts";
import { randn } from "../../../src/tensor/random.ts";
import { sizeOf } from "../../../src/tensor/tensor.ts";

const K = 3;
const small: Record<"clade" | "spade", PainterPlan> = {
  clade: {
    ...cladePlan(8),
    start: 4,
    blocks: [
      { channels: 4, enlarge: false },
      { channels: 2, enlarge: true },
    ],
    styleSize: 2,
    encoder: [{ channels: 2, stride: 2 }],
  },
  spade: {
    ...spadePlan(1),
    start: 2,
    blocks: [{ channels: 1, enlarge: true }],
    hidden: 2,
    styleSize: 2,
    encoder: [{ channels: 2, stride: 2 }],
  },
};
const side = 4;
const area = side * side;

/** Label maps whose left half is `left`, the right one `right`. */
const masks = (...pairs: [number, number][]): number[] =>
  pairs.flatMap(([left, right]) =>
    Array.from({ length: K * area }, (_, i) => (Math.floor(i / area) === (i % side < side / 2 ? left : right) ? 1 : 0)),
  );
const initial = (table: ParameterTable): [string, Float32Array][] =>
  [...initialTensors(table, 1)].map(([name, t]) => [name, t.data]);

describe.each(["clade", "spade"] as const)("painterNetwork(), %s", (kind) => {
  const network = painterNetwork(small[kind], K, side);
  const weights = parameterInputs(network.parameters);
  const mask = input("mask", [2, K, side, side]);
  const styles = input("styles", [2, network.places, 2]);
  const pictures = input("pictures", [2, 3, side, side]);
  const feeds = new Map<string, ArrayLike<number>>([
    ...initial(network.parameters),
    ["mask", masks([0, 1], [2, 1])],
    ["styles", randn(2, 2 * network.places * 2)],
    ["pictures", randn(3, 2 * 3 * area)],
  ]);

  it("paints colours in [-1,1], each picture by itself in use, and follows mask and style", () => {
    const { paint } = network.inference(weights);
    const y = paint(mask, styles);
    expect(y.shape).toEqual([2, 3, side, side]);
    const painted = (changes: [string, ArrayLike<number>][]): Float64Array =>
      evaluateGraph(graph({ y }), new Map([...feeds, ...changes])).get("y")!;
    const before = painted([]);
    expect(before.every((v) => Math.abs(v) <= 1)).toBe(true);
    const otherMask = painted([["mask", masks([0, 1], [0, 1])]]);
    expect(otherMask.slice(0, 3 * area)).toEqual(before.slice(0, 3 * area));
    expect(otherMask.slice(3 * area)).not.toEqual(before.slice(3 * area));
    expect(painted([["styles", randn(9, 2 * network.places * 2)]])).not.toEqual(before);
  });

  it("encodes styles of the right places, from the pictures", () => {
    const { encode } = network.inference(weights);
    const { means, logVariances } = encode(pictures, mask);
    expect(means.shape).toEqual([2, network.places, 2]);
    expect(logVariances === undefined).toBe(kind === "clade");
    const at = (changes: [string, ArrayLike<number>][]): Float64Array =>
      evaluateGraph(graph({ means }), new Map([...feeds, ...changes])).get("means")!;
    const other = [...(feeds.get("pictures") as Float32Array)].map((v, i) => (i < 3 * area ? v : -v));
    expect(at([["pictures", other]])).not.toEqual(at([]));
  });

  it("keeps statistics of the batch while it learns, by the names of the weights that they replace", () => {
    const graphs = network.training(weights);
    graphs.paint(mask, styles);
    const names = [...graphs.statistics.keys()];
    for (const name of ["block0.norm0.running_mean", "block0.conv0.weight.u"])
      expect(names.includes(name)).toBe(kind === "spade");
    for (const [name, value] of graphs.statistics)
      expect(value.shape, name).toEqual(network.parameters.get(name)!.shape);
  });

  it("has the gradients that differences in float64 give", () => {
    const { paint, encode } = network.training(weights);
    const loss = reduceSum(square(paint(mask, encode(pictures, mask).means)));
    const names = [...network.parameters].flatMap(([name, { trained }]) => (trained === false ? [] : [name]));
    const seen = names.filter((name) => !name.startsWith("encoder.spread"));
    const gradients = grad(
      loss,
      seen.map((name) => weights.get(name)!),
    );
    const named = Object.fromEntries(seen.map((name, i) => [`d ${name}`, gradients[i]]));
    const got = evaluateGraph(graph(named), feeds);
    const g = graph({ loss });
    for (const name of seen) {
      // Spectral normalisation holds its vectors still, so differences of these weights say something else.
      if (network.parameters.has(`${name}.u`)) continue;
      const values = Float64Array.from(feeds.get(name)!);
      const i = values.length >> 1;
      const at = (step: number): number =>
        evaluateGraph(g, new Map([...feeds, [name, values.with(i, values[i] + step)]])).get("loss")![0];
      expect((at(1e-5) - at(-1e-5)) / 2e-5, name).toBeCloseTo(got.get(`d ${name}`)![i], 3);
    }
  });
});

describe("plans", () => {
  it("cladePlan() ends at 2048 / side channels and begins at four pixels", () => {
    const { start, blocks } = cladePlan(64);
    expect([start, ...blocks.map(({ channels }) => channels)]).toEqual([128, 128, 128, 128, 64, 32]);
    expect(sideMultiple(cladePlan(64))).toBe(16);
    expect(cladePlan(128).blocks.at(-1)).toEqual({ channels: 16, enlarge: true });
  });

  it("spadePlan() is GauGAN's: 16-16-16-8-4-2-1 times the width, five enlargements", () => {
    const { blocks, hidden } = spadePlan(64);
    expect(blocks.map(({ channels }) => channels / 64)).toEqual([16, 16, 16, 8, 4, 2, 1]);
    expect([sideMultiple(spadePlan(64)), hidden]).toEqual([32, 128]);
    const numbers = [...painterNetwork(spadePlan(64), 20, 256).parameters]
      .filter(([name]) => !name.startsWith("encoder") && !/\.u$|running/.test(name))
      .reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0);
    expect(numbers / 1e6).toBeGreaterThan(80);
  });
});

describe("discriminators", () => {
  const pictures = input("pictures", [2, 3, 8, 8]);
  const fed: [string, ArrayLike<number>] = ["pictures", randn(2, 2 * 3 * 64)];

  it("oasisLogits() has a logit of every class and of being painted for every pixel, picture by picture", () => {
    const plan = { channels: [3, 4] };
    const table = oasisParameters(plan, K);
    const logits = oasisLogits(plan, parameterInputs(table), pictures);
    expect(logits.shape).toEqual([2, K + 1, 8, 8]);
    const feeds = new Map([...initial(table), fed]);
    const before = evaluateGraph(graph({ logits }), feeds).get("logits")!;
    const other = Float64Array.from(fed[1]).fill(0, 3 * 64);
    const after = evaluateGraph(graph({ logits }), new Map([...feeds, ["pictures", other]])).get("logits")!;
    const half = before.length / 2;
    expect(after.slice(0, half)).toEqual(before.slice(0, half));
    expect(after.slice(half)).not.toEqual(before.slice(half));
  });

  it("patchJudgements() gives maps of every layer and logits at every scale", () => {
    const plan = { scales: 2, width: 2, layers: 3 };
    const table = patchParameters(plan, K);
    const both = besideMask(pictures, input("mask", [2, K, 8, 8]));
    const judged = patchJudgements(plan, parameterInputs(table), both);
    expect(judged.map(({ features }) => features.map(({ shape }) => shape[1]))).toEqual([
      [2, 4, 8],
      [2, 4, 8],
    ]);
    // 8 / 2 + 1 = 5, 5 / 2 + 1 = 3, then two of stride 1 that add a pixel each; at half the size 4, 3, 2 and the same two.
    expect(judged.map(({ logits }) => logits.shape)).toEqual([
      [2, 1, 5, 5],
      [2, 1, 4, 4],
    ]);
  });
});
