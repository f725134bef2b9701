import { denseFeatures } from "../../src/pixels/denseFeatures.ts";
import type { Pixels } from "../../src/pixels/pixels.ts";
import type { PyramidData } from "../../src/pixels/pyramid/pyramidData.ts";
import type { PassWorker } from "../../src/pixels/threads/sharedPasses.ts";
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

type Numbers = (random: RandomState) => number;
const normal: Numbers = (random) => random.randn();

/** A pyramid of levels [side, channels]. */
export function tinyPyramid(
  images: number,
  resolution: number,
  sides: readonly (readonly [number, number])[],
  numbers = normal,
): PyramidData {
  const random = new RandomState(images + resolution);
  let first = 0;
  const levels = sides.map(([size, channels]) => {
    const data = Float32Array.from({ length: images * size * size * channels }, () => numbers(random));
    const level = { size, channels, first, data };
    first += channels;
    return level;
  });
  return { images, resolution, levels };
}

/** What another thread does: one request after another, on copies. */
export function thread(): <A extends unknown[], R>(work: (...args: A) => Promise<R>) => (...args: A) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) =>
    (...args) => {
      const result = last.then(() => work(...structuredClone(args)));
      last = result.catch(() => undefined);
      return result;
    };
}

/** Passes over `own` by another thread. */
export function workerOf(own: Pixels, inTurn = thread()): PassWorker {
  return { svm: inTurn((request) => own.svm(request)), nearest: inTurn((...args) => own.nearest(...args)) };
}
