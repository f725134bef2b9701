/** What a training step draws at random. */
import type { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

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
