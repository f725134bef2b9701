import { describe, expect, it } from "vitest";
import { pixelClassifier } from "../../src/features/pixelClassifier.ts";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { input } from "../../src/graph/ops/index.ts";
import { jensenShannon, MEMBERS, votes } from "../../src/models/mlpEnsemble.ts";
import { checkNetwork, type NetworkClassifier, networkOf, type PixelNetworkName } from "../../src/models/pixelModel.ts";
import { featurePyramid } from "../../src/pixels/pyramid/featurePyramid.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { type Tensor, tensor } from "../../src/tensor/tensor.ts";

const random = new RandomState(5);
const normal = (n: number): Float32Array => Float32Array.from({ length: n }, () => random.randn());
const [N, R, K] = [2, 8, 3];
const layers = [
  { name: "a", channels: 4, resolution: 2 },
  { name: "b", channels: 3, resolution: 4 },
  { name: "c", channels: 2, resolution: 8 },
];
const D = 9;
const maps = layers.map(({ channels: C, resolution: h }) => tensor([N, C, h, h], normal(N * C * h * h)));
const features = new Map(layers.map(({ name }, i) => [name, maps[i]]));

/** A network with random weights; variances are positive. */
function randomModel(network: PixelNetworkName): NetworkClassifier {
  const empty = { network, k: K, channels: D, weights: new Map() };
  const weights = [...networkOf(empty).parameters].map(([name, { shape }]): [string, Tensor] => {
    const data = normal(shape.reduce((a, b) => a * b)).map((x) => (name.endsWith("variance") ? 0.5 + x * x : x / 2));
    return [name, tensor(shape, data)];
  });
  return checkNetwork({ ...empty, weights: new Map(weights) });
}

async function classified(model: NetworkClassifier, resolution = R) {
  const made = await pixelClassifier(model, layers, resolution, {
    ...{ runtime: ortNode, provider: "cpu", threads: 1, imageResolution: R },
  });
  try {
    return await made.classify(features);
  } finally {
    await made.dispose();
  }
}

const softmax = (x: readonly number[]): number[] => {
  const powers = x.map((v) => Math.exp(v - Math.max(...x)));
  return powers.map((p) => p / powers.reduce((a, b) => a + b, 0));
};
const entropy = (p: readonly number[]): number => p.reduce((sum, x) => sum - (x > 0 ? x * Math.log(x) : 0), 0);
const mean = (lists: readonly (readonly number[])[]): number[] =>
  lists[0].map((_, i) => lists.reduce((sum, list) => sum + list[i], 0) / lists.length);

describe("votes() and jensenShannon()", () => {
  // Three voters on two pixels of two classes, [1,2,1,2] each: class by class.
  const said = [
    [100, 0, 0, 0],
    [0, 0, 100, 0],
    [100, 0, 0, Math.log(3)],
  ];
  const names = ["p", "q", "r"];
  const voters = names.map((name) => input(name, [1, 2, 1, 2]));
  const feeds = new Map(names.map((name, i) => [name, said[i]] as const));

  it("count whose best class a class is", () => {
    const value = votes(voters);
    const found = evaluateGraph(graph({ value }), feeds).get("value")!;
    expect(found[0]).toBeCloseTo(2 / 3, 6);
    expect(found[2]).toBeCloseTo(1 / 3, 6);
  });

  it("are log 2 for two that are sure of different classes, 0 for two that say the same", () => {
    const of = (a: number, b: number): number =>
      evaluateGraph(graph({ value: jensenShannon([voters[a], voters[b]]) }), feeds).get("value")![0];
    expect(of(0, 1)).toBeCloseTo(Math.log(2), 5);
    expect(of(0, 2)).toBeCloseTo(0, 6);
    // (1/2, 1/2) and (1/4, 3/4): the entropy of (3/8, 5/8) minus the mean of theirs.
    const second = evaluateGraph(graph({ value: jensenShannon([voters[0], voters[2]]) }), feeds).get("value")![1];
    expect(second).toBeCloseTo(entropy([3 / 8, 5 / 8]) - (entropy([0.5, 0.5]) + entropy([0.25, 0.75])) / 2, 6);
  });
});

describe("pixelClassifier() of an mlp-ensemble", () => {
  const model = randomModel("mlp-ensemble");
  const w = (name: string): Tensor => model.weights.get(name) as Tensor;

  /** Logits of a member for one row of features: straight from the definition. */
  function logits(member: number, row: ArrayLike<number>): number[] {
    let x = Array.from(row);
    for (const i of [0, 1, 2]) {
      const [, from, out] = w(`${i}.weight`).shape;
      const y = Array.from({ length: out }, (_, o) =>
        x.reduce(
          (sum, v, j) => sum + v * w(`${i}.weight`).data[(member * from + j) * out + o],
          w(`${i}.bias`).data[member * out + o],
        ),
      );
      if (i === 2) return y;
      const at = (name: string, o: number): number => w(`${i}.${name}`).data[member * out + o];
      x = y.map(
        (v, o) =>
          ((Math.max(0, v) - at("mean", o)) / Math.sqrt(at("variance", o) + 1e-5)) * at("scale", o) + at("shift", o),
      );
    }
    return x;
  }

  it("is the vote of its members on the upsampled features, with their divergence", async () => {
    const pyramid = featurePyramid(maps, { resolution: R });
    const { clusters, margin, disagreement } = await classified(model);
    for (let n = 0; n < N * R * R; n += 5) {
      const row = await pyramid.rows(Int32Array.of(n));
      const all = Array.from({ length: MEMBERS }, (_, m) => logits(m, row));
      const counts = [0, 0, 0];
      for (const one of all) counts[one.indexOf(Math.max(...one))]++;
      const [first, second] = counts.toSorted((a, b) => b - a);
      expect(counts[clusters[n]]).toBe(first);
      expect(margin[n]).toBeCloseTo((first - second) / MEMBERS, 5);
      const p = all.map(softmax);
      expect(disagreement![n]).toBeCloseTo(entropy(mean(p)) - mean(p.map((q) => [entropy(q)]))[0], 4);
    }
  });

  it("averages votes and divergences over the pixels of smaller masks", async () => {
    const whole = await classified(model);
    const half = await classified(model, R / 2);
    const at = [0, 1, R, R + 1].map((p) => whole.disagreement![p]);
    expect(half.disagreement![0]).toBeCloseTo(at.reduce((a, b) => a + b) / 4, 5);
    expect(half.clusters.length).toBe((N * R * R) / 4);
  });
});

describe("pixelClassifier() of a cnn", () => {
  it("is five 3x3 convolutions on the features, nearest upsampled", async () => {
    const model = randomModel("cnn");
    const w = (name: string): Tensor => model.weights.get(name) as Tensor;
    const { clusters } = await classified(model);
    for (const n of [0, 1]) {
      let x: Float64Array[] = layers.flatMap(({ channels: C, resolution: h }, l) =>
        Array.from({ length: C }, (_, c) =>
          Float64Array.from({ length: R * R }, (_, p) => {
            const [y, column] = [Math.floor((Math.floor(p / R) * h) / R), Math.floor(((p % R) * h) / R)];
            return maps[l].data[((n * C + c) * h + y) * h + column];
          }),
        ),
      );
      for (const [i, dilation] of [1, 2, 1, 2, 1].entries()) {
        const weight = w(`${i}.weight`);
        const out = w(`${i}.bias`).data.length;
        const from = x.length;
        const before = x;
        // The first layer's taps are its slowest axis.
        const tap = (o: number, c: number, t: number): number =>
          weight.data[i === 0 ? (t * out + o) * from + c : (o * from + c) * 9 + t];
        x = Array.from({ length: out }, (_, o) =>
          Float64Array.from({ length: R * R }, (_, p) => {
            let sum = w(`${i}.bias`).data[o];
            for (let t = 0; t < 9; t++) {
              const y = Math.floor(p / R) + (Math.floor(t / 3) - 1) * dilation;
              const column = (p % R) + ((t % 3) - 1) * dilation;
              if (y < 0 || y >= R || column < 0 || column >= R) continue;
              for (let c = 0; c < from; c++) sum += tap(o, c, t) * before[c][y * R + column];
            }
            return i === 4 ? sum : Math.max(0, sum);
          }),
        );
      }
      for (let p = 0; p < R * R; p++) {
        const scores = x.map((plane) => plane[p]);
        expect(scores[clusters[n * R * R + p]]).toBeCloseTo(Math.max(...scores), 2);
      }
    }
  });

  it("checkNetwork() names a weight of another shape", () => {
    const model = randomModel("cnn");
    const weights = new Map([...model.weights, ["1.bias", tensor([3])] as const]);
    expect(() => checkNetwork({ ...model, weights })).toThrow("weight 1.bias is [3], expected [64]");
  });
});
