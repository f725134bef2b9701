import type { Checkpoint, ConfigValue, LazyTensor } from "../../src/checkpoint/stateDict.ts";
import { OWN_FAMILY, OWN_SETTINGS } from "../../src/gan/settings.ts";
import { randn } from "../../src/tensor/random.ts";
import { sizeOf, tensor } from "../../src/tensor/tensor.ts";

export const TINY = { zDim: 4, wDim: 3, channels: 5, resolution: 8, numWs: 4 } as const;

/** A StyleGAN2 of 8 pixels with random weights, one mapping layer, under the family's own names. */
export function tinyStyleGan2(settings: Record<string, ConfigValue> = {}): Checkpoint {
  const { zDim, wDim, channels: C } = TINY;
  const weights = new Map<string, LazyTensor>();
  const weight = (name: string, ...shape: number[]): void => {
    const data = randn(weights.size, sizeOf(shape));
    weights.set(name, { dtype: "float32", shape, read: () => tensor(shape, data) });
  };
  weight("mapping.fc0.weight", wDim, zDim);
  weight("mapping.fc0.bias", wDim);
  weight("mapping.w_avg", wDim);
  weight("synthesis.b4.const", C, 4, 4);
  const layer = (name: string, r: number, kernel: number): void => {
    weight(`synthesis.b${r}.${name}.weight`, kernel === 1 ? 3 : C, C, kernel, kernel);
    weight(`synthesis.b${r}.${name}.bias`, kernel === 1 ? 3 : C);
    weight(`synthesis.b${r}.${name}.affine.weight`, C, wDim);
    weight(`synthesis.b${r}.${name}.affine.bias`, C);
    if (kernel === 1 || settings["useNoise"] === false) return;
    weight(`synthesis.b${r}.${name}.noise_const`, r, r);
    weight(`synthesis.b${r}.${name}.noise_strength`);
  };
  layer("conv1", 4, 3);
  layer("torgb", 4, 1);
  layer("conv0", 8, 3);
  layer("conv1", 8, 3);
  layer("torgb", 8, 1);
  return {
    format: "random weights",
    networks: new Map([["", weights]]),
    config: { "": { [OWN_FAMILY]: "StyleGAN2", [OWN_SETTINGS]: JSON.stringify(settings) } },
  };
}

/** The same checkpoint with other tensors in its only network; undefined leaves one out. */
export function withTensors(checkpoint: Checkpoint, changes: Record<string, LazyTensor | undefined>): Checkpoint {
  const weights = new Map(checkpoint.networks.get(""));
  for (const [name, change] of Object.entries(changes)) {
    if (change === undefined) weights.delete(name);
    else weights.set(name, change);
  }
  return { ...checkpoint, networks: new Map([["", weights]]) };
}

export const lazy = (shape: readonly number[], data: readonly number[]): LazyTensor => ({
  dtype: "float32",
  shape,
  read: () => tensor(shape, Float32Array.from(data)),
});
