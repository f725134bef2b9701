import type { LazyTensor } from "../src/checkpoint/stateDict.ts";
import { buildNetwork } from "../src/gan/openGenerator.ts";
import { OWN_FAMILY } from "../src/gan/settings.ts";
import { randn } from "../src/tensor/random.ts";
import { sizeOf, tensor } from "../src/tensor/tensor.ts";

/** Of z and w. */
export const WIDTH = 512;

/** A StyleGAN2 (skip) of the official layout with random weights. */
export function randomNetwork(resolution: number, mostChannels: number): ReturnType<typeof buildNetwork> {
  const weights = new Map<string, LazyTensor>();
  const weight = (name: string, ...shape: number[]): void => {
    const seed = weights.size;
    weights.set(name, { dtype: "float32", shape, read: () => tensor(shape, randn(seed, sizeOf(shape))) });
  };
  const channels = (r: number): number => Math.min(32768 / r, mostChannels);
  for (let i = 0; i < 8; i++) {
    weight(`mapping.fc${i}.weight`, WIDTH, WIDTH);
    weight(`mapping.fc${i}.bias`, WIDTH);
  }
  weight("mapping.w_avg", WIDTH);
  weight("synthesis.b4.const", channels(4), 4, 4);
  const layer = (name: string, inputs: number, outputs: number, kernel: number, r: number): void => {
    weight(`synthesis.b${r}.${name}.weight`, outputs, inputs, kernel, kernel);
    weight(`synthesis.b${r}.${name}.bias`, outputs);
    weight(`synthesis.b${r}.${name}.affine.weight`, inputs, WIDTH);
    weight(`synthesis.b${r}.${name}.affine.bias`, inputs);
    if (kernel === 1) return;
    weight(`synthesis.b${r}.${name}.noise_const`, r, r);
    weight(`synthesis.b${r}.${name}.noise_strength`);
  };
  for (let r = 4; r <= resolution; r *= 2) {
    if (r > 4) layer("conv0", channels(r / 2), channels(r), 3, r);
    layer("conv1", channels(r), channels(r), 3, r);
    layer("torgb", channels(r), 3, 1, r);
  }
  return buildNetwork({
    format: "random weights",
    networks: new Map([["", weights]]),
    config: { "": { [OWN_FAMILY]: "StyleGAN2", "klish.settings": JSON.stringify({ lrMultiplier: 1 }) } },
  });
}
