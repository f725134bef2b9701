import { denseFeatures } from "../../src/pixels/denseFeatures.ts";
import type { Pixels } from "../../src/pixels/pixels.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";

export interface Blobs {
  readonly features: Pixels;
  readonly truth: Uint16Array;
}

/** Gaussian clouds of unit variance around random centres that are `distance` apart in scale; point n belongs to cloud n mod k. */
export function blobs(pixels: number, channels: number, k: number, seed: number, distance = 8): Blobs {
  const random = new RandomState(seed);
  const centres = Float64Array.from({ length: k * channels }, () => distance * random.randn());
  const points = tensor([pixels, channels]);
  const truth = new Uint16Array(pixels);
  for (let n = 0; n < pixels; n++) {
    truth[n] = n % k;
    for (let d = 0; d < channels; d++)
      points.data[n * channels + d] = centres[truth[n] * channels + d] + random.randn();
  }
  return { features: denseFeatures(points), truth };
}
