import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exportSafetensors } from "../../../../src/gan/exportNetwork.ts";
import { newStyleGan2Settings } from "../../../../src/gan/stylegan2/stylegan2Parameters.ts";
import { openOrigin } from "../../../../src/project/train/gan/transfer.ts";
import { encodeState, saveState } from "../../../../src/project/train/state.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { ganRecipe } from "../../../../src/train/gan/recipe.ts";
import { initialState } from "../../../../src/train/gan/trainingState.ts";
import type { TrainingState } from "../../../../src/train/trainer.ts";

const sizes = { channelBase: 128, channelMax: 8, zDim: 6, wDim: 10, mappingLayers: 3, batch: 4 };
const recipe = ganRecipe(16, sizes);

/** A state in which every variable is its own number, far into training. */
function trained(): TrainingState {
  const { tensors, scalars } = initialState(recipe);
  const filled = [...tensors].map(([name, t], i): [string, Tensor] => [name, { ...t, data: t.data.map(() => i + 1) }]);
  return { tensors: new Map(filled), scalars: { ...scalars, step: 500, images: 2000, augmentP: 0.3 } };
}
const encoded = () => encodeState({ training: trained(), images: 2000, sums: {}, recipe });
const data = (state: TrainingState, name: string) => state.tensors.get(name)?.data;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-transfer-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("openOrigin()", () => {
  it.each(["a state", "a run"])(
    "of %s takes both networks and the average, and nothing else of its past",
    async (what) => {
      const path = what === "a run" ? folder : join(folder, "state.safetensors");
      if (what === "a run") await saveState(folder, { training: trained(), images: 2000, sums: {}, recipe });
      else await writeFile(path, encoded());
      const origin = await openOrigin(path);
      expect(origin).toMatchObject({ path, resolution: 16, sizes: { zDim: 6, wDim: 10, mappingLayers: 3 } });
      const begun = origin.state(ganRecipe(16, { ...sizes, batch: 8, gamma: 3 }));
      const before = trained();
      for (const name of [
        "G/mapping.fc0.weight",
        "D/b4.out.bias",
        "ema/mapping.w_avg",
        "ema/synthesis.b16.conv1.noise_const",
      ])
        expect(data(begun, name), name).toEqual(data(before, name));
      expect(data(begun, "G.square/mapping.fc0.weight")?.every((v) => v === 0)).toBe(true);
      expect(begun.scalars).toMatchObject({ step: 0, images: 0, augmentP: 0 });
    },
  );

  it("knows the generators that come with the package by their names", async () => {
    expect(await openOrigin("portraits")).toMatchObject({
      path: expect.stringMatching(/portrait-generator\.safetensors$/),
      resolution: 64,
      sizes: { noise: false, channelBase: 2048 },
    });
  });

  it("of a network takes the generator, as what is trained and as the average; the discriminator begins anew", async () => {
    const path = join(folder, "network.safetensors");
    const before = trained();
    const weights = new Map([...before.tensors].flatMap(([n, t]) => (n.startsWith("ema/") ? [[n.slice(4), t]] : [])));
    await writeFile(
      path,
      exportSafetensors({ info: { family: "StyleGAN2" }, weights, settings: newStyleGan2Settings(recipe) }),
    );
    const origin = await openOrigin(path);
    expect(origin).toMatchObject({ resolution: 16, sizes: { zDim: 6, wDim: 10, mappingLayers: 3, channelMax: 8 } });
    const own = ganRecipe(16, { ...origin.sizes, seed: 4 });
    const begun = origin.state(own);
    for (const prefix of ["G/", "ema/"])
      expect(data(begun, `${prefix}synthesis.b4.const`)).toEqual(data(before, "ema/synthesis.b4.const"));
    expect(data(begun, "D/b4.out.weight")).toEqual(data(initialState(own), "D/b4.out.weight"));
  });

  it("grows to a higher resolution: what was learned is kept, new blocks begin with no part in the image", async () => {
    const path = join(folder, "state.safetensors");
    await writeFile(path, encoded());
    const own = ganRecipe(32, { ...sizes, batch: 8 });
    const begun = (await openOrigin(path)).state(own);
    const before = trained();
    for (const name of ["G/synthesis.b16.conv1.weight", "ema/synthesis.b16.torgb.bias", "D/b16.conv0.weight"])
      expect(data(begun, name), name).toEqual(data(before, name));
    for (const name of ["G/synthesis.b32.conv0.weight", "D/b32.fromrgb.weight"])
      expect(data(begun, name), name).toEqual(data(initialState(own), name));
    for (const prefix of ["G/", "ema/"])
      expect(data(begun, `${prefix}synthesis.b32.torgb.weight`)?.every((v) => v === 0)).toBe(true);

    await writeFile(path, encodeState({ training: begun, images: 0, sums: {}, recipe: own }));
    const back = await openOrigin(path);
    expect(() => back.state(ganRecipe(16, sizes))).toThrow(
      /does not fit this run: its D\/b16.fromrgb.weight is missing/,
    );
  });

  it("refuses other sizes, other files, and what is not there", async () => {
    const path = join(folder, "state.safetensors");
    await writeFile(path, encoded());
    const origin = await openOrigin(path);
    expect(() => origin.state(ganRecipe(16, { ...sizes, zDim: 7 }))).toThrow(
      "its G/mapping.fc0.weight is [10,6], expected [10,7]",
    );
    await writeFile(join(folder, "text.pkl"), "hello");
    await expect(openOrigin(join(folder, "text.pkl"))).rejects.toThrow("not a checkpoint of a known format");
    await expect(openOrigin(join(folder, "gone"))).rejects.toThrow("there is no such file or folder");
    await rm(path);
    await expect(openOrigin(folder)).rejects.toThrow("holds no state of a training run");
  });
});
