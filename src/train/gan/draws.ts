/** What a training step draws at random. */
import type { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** A seed for a step and a use: murmur's finaliser over the three numbers. */
export function mixSeed(seed: number, step: number, stream: number): number {
  let h = seed >>> 0;
  for (const part of [step, stream]) {
    h = Math.imul(h ^ part, 0x9e3779b1) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
  }
  return h;
}

/** For each image with this probability, the layers from a random one on take the second latent: 1 is the first. */
export function mixingMask(random: RandomState, N: number, numWs: number, probability: number): Tensor {
  const mask = tensor([N, numWs, 1]);
  for (let n = 0; n < N; n++) {
    const mixed = random.randomSample() < probability;
    const from = 1 + random.randint(numWs - 1);
    mask.data.fill(1, n * numWs, n * numWs + (mixed ? from : numWs));
  }
  return mask;
}

/** Normal numbers of mean 0. */
export function gaussian(random: RandomState, shape: readonly number[], deviation = 1): Tensor {
  const t = tensor(shape);
  for (let i = 0; i < t.data.length; i++) t.data[i] = random.randn() * deviation;
  return t;
}
