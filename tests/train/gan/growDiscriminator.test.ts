import { describe, expect, it } from "vitest";
import { discriminator, discriminatorParameters } from "../../../src/gan/stylegan2/discriminator.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { input } from "../../../src/graph/ops/index.ts";
import { initialTensors, parameterInputs } from "../../../src/nn/parameters.ts";
import { firDownsample } from "../../../src/nn/upfirdn.ts";
import { randn } from "../../../src/tensor/random.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { carriesColours, grownBlock } from "../../../src/train/gan/growDiscriminator.ts";

const channels = (r: number): number => ({ 4: 9, 8: 7, 16: 6, 32: 8 })[r] as number;
const images = input("images", [2, 3, 32, 32]);
const TAPS = [1 / 8, 3 / 8, 3 / 8, 1 / 8];

/** Logits of the images, halved to the discriminator's resolution as its own blocks halve. */
function judged(weights: ReadonlyMap<string, Tensor>, resolution: number): Float64Array {
  const sizes = { resolution, imageChannels: 3, channels, groupSize: 2 };
  const { features, logits } = discriminator(parameterInputs(discriminatorParameters(sizes)), sizes);
  let seen = images;
  for (let r = 32; r > resolution; r /= 2) seen = firDownsample(seen, TAPS);
  const feeds = new Map<string, ArrayLike<number>>([...weights].map(([name, t]) => [name, t.data]));
  feeds.set("images", randn(7, 2 * 3 * 32 * 32));
  return evaluateGraph(graph({ l: logits(features(seen)) }), feeds).get("l") as Float64Array;
}

describe("grownBlock()", () => {
  it("judges images as the discriminator of smaller ones judges them halved, block after block", () => {
    const table = discriminatorParameters({ resolution: 8, imageChannels: 3, channels, groupSize: 2 });
    const weights = initialTensors(table, 1);
    weights.set("b8.fromrgb.bias", { dtype: "float32", shape: [7], data: randn(3, 7) });
    const expected = judged(weights, 8);
    for (const r of [16, 32]) {
      const [weight, bias] = ["weight", "bias"].map((part) => weights.get(`b${r / 2}.fromrgb.${part}`) as Tensor);
      for (const [name, t] of grownBlock({ weight, bias }, r, channels(r), 5)) weights.set(name, t);
      const got = judged(weights, r);
      for (const [i, logit] of expected.entries()) expect(got[i]).toBeCloseTo(logit, 5);
    }
  });

  it("begins with weights of the size that layers of the other kind begin with", () => {
    const old = {
      weight: { dtype: "float32" as const, shape: [16, 3, 1, 1], data: randn(1, 48) },
      bias: { dtype: "float32" as const, shape: [16], data: randn(2, 16) },
    };
    const block = grownBlock(old, 16, 32, 5);
    for (const part of ["fromrgb", "conv0", "conv1"]) {
      const { data } = block.get(`b16.${part}.weight`) as Tensor;
      const largest = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      expect(largest, part).toBeLessThan(6);
    }
  });

  it("needs two channels for a colour", () => {
    expect([5, 6, 7, 8].map((c) => carriesColours(c, 3))).toEqual([false, true, false, true]);
  });
});
