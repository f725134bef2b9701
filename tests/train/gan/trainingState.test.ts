import { describe, expect, it } from "vitest";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { grownBlock } from "../../../src/train/gan/growDiscriminator.ts";
import { ganRecipe } from "../../../src/train/gan/recipe.ts";
import { grown, initialState } from "../../../src/train/gan/trainingState.ts";
import { mixSeed } from "../../../src/train/mixSeed.ts";
import type { TrainingState } from "../../../src/train/trainer.ts";

const sizes = { channelBase: 128, channelMax: 8, zDim: 6, wDim: 10, mappingLayers: 3 };
const small = ganRecipe(16, { ...sizes, batch: 8 });
const large = ganRecipe(32, { ...sizes, batch: 4, gamma: 3 });

/** Every variable is its own number, far into training. */
function trained(): TrainingState {
  const { tensors, scalars } = initialState(small);
  const filled = [...tensors].map(([name, t], i): [string, Tensor] => [name, { ...t, data: t.data.map(() => i + 1) }]);
  const counts = { step: 500, images: 4000, updatesD: 531, updatesG: 562, augmentP: 0.3, signSum: 1.5, signCount: 2 };
  return { tensors: new Map(filled), scalars: { ...scalars, ...counts } };
}

describe("grown()", () => {
  it("keeps all weights of both networks and the average, with new blocks above that the image does not show yet", () => {
    const before = trained();
    const after = grown(before, 16, large);
    const fresh = initialState(large);
    expect([...after.tensors.keys()]).toEqual([...fresh.tensors.keys()]);
    for (const [name, { data }] of before.tensors)
      if (/^(G|D|ema)\//.test(name) && !/^D\/b16\.fromrgb/.test(name))
        expect(after.tensors.get(name)?.data, name).toEqual(data);
    for (const name of ["G/synthesis.b32.conv0.weight", "D/b32.fromrgb.weight", "D/b32.conv0.weight"])
      expect(after.tensors.get(name)?.data, name).toEqual(fresh.tensors.get(name)?.data);
    for (const name of ["G/synthesis.b32.torgb.weight", "ema/synthesis.b32.torgb.weight"])
      expect(after.tensors.get(name)?.data.every((v) => v === 0)).toBe(true);
  });

  it("gives the discriminator blocks that judge larger images as it judged smaller ones, where they can carry colours", () => {
    const wide = { ...sizes, channelBase: 256 };
    const before = initialState(ganRecipe(16, { ...wide, batch: 8 }));
    const after = grown(before, 16, ganRecipe(32, { ...wide, batch: 4 }));
    const [weight, bias] = ["weight", "bias"].map((part) => before.tensors.get(`D/b16.fromrgb.${part}`) as Tensor);
    const block = grownBlock({ weight, bias }, 32, 8, mixSeed(0, 32, 12));
    expect([...block.keys()]).toContain("b32.conv1.weight");
    for (const [name, { data }] of block) expect(after.tensors.get(`D/${name}`)?.data, name).toEqual(data);
  });

  it("begins the optimisers anew, and goes on counting steps and images, with the probability of augmentation", () => {
    const { tensors, scalars } = grown(trained(), 16, large);
    for (const name of ["G.square/synthesis.b4.const", "D.square/b4.out.weight", "pathLength"])
      expect(tensors.get(name)?.data.every((v) => v === 0)).toBe(true);
    expect(scalars).toEqual({
      step: 500,
      images: 4000,
      augmentP: 0.3,
      updatesD: 0,
      updatesG: 0,
      signSum: 0,
      signCount: 0,
    });
  });

  it("refuses networks of other sizes, with the weight that does not fit", () => {
    expect(() => grown(trained(), 16, ganRecipe(32, { ...sizes, zDim: 7 }))).toThrow(
      "its G/mapping.fc0.weight is [10,6], expected [10,7]",
    );
  });
});
