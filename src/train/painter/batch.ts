/** What a step of a painter's training is fed: masks as planes, weights of classes, whose style each part is painted in. */
import type { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/**
 * OASIS's weights of classes [1,K,1,1]: every class that is in the batch counts as much as any other, whatever its area, and the sum
 * over all pixels is their number.
 */
export function classBalance(mask: Tensor): Tensor {
  const [N, K, H, W] = mask.shape;
  const area = H * W;
  const pixels = new Float64Array(K);
  for (let i = 0; i < N * K; i++) for (let p = i * area; p < (i + 1) * area; p++) pixels[i % K] += mask.data[p];
  const present = pixels.reduce((count, n) => count + (n > 0 ? 1 : 0), 0);
  return tensor(
    [1, K, 1, 1],
    Float32Array.from(pixels, (n) => (n > 0 ? (N * area) / (present * n) : 0)),
  );
}

/** Classes that each label map has, [N][K]. */
export const presentClasses = (labels: readonly Uint8Array[], classes: number): boolean[][] =>
  labels.map((map) => {
    const there = Array.from({ length: classes }, () => false);
    for (const label of map) if (label < classes) there[label] = true;
    return there;
  });

/**
 * Whose style each part is painted in, one-hot over the pictures of the batch, [N,P,N]. The first `own` pictures keep their own; each of the
 * others takes that of one picture, and its own for parts that the other has not. With one place for all, the other's whole style.
 */
export function styleSources(present: readonly boolean[][], places: number, own: number, random: RandomState): Tensor {
  const N = present.length;
  const sources = tensor([N, places, N]);
  for (let n = 0; n < N; n++) {
    const other = n < own ? n : (n + 1 + random.randint(N - 1)) % N;
    for (let place = 0; place < places; place++) {
      const from = places === 1 || present[other][place] ? other : n;
      sources.data[(n * places + place) * N + from] = 1;
    }
  }
  return sources;
}

/** Where pictures are cut together, [n,1,S,S]: each class of a mask is taken from the one or the other. */
export function labelCuts(labels: readonly Uint8Array[], side: number, random: RandomState): Tensor {
  const cut = tensor([labels.length, 1, side, side]);
  for (const [n, map] of labels.entries()) {
    const real = Array.from({ length: 256 }, () => (random.randomSample() < 0.5 ? 1 : 0));
    for (const [p, label] of map.entries()) cut.data[n * side * side + p] = real[label];
  }
  return cut;
}

/** A picture [S,S,3] or label map [S,S] turned left to right. */
export function turned(values: Uint8Array, side: number): Uint8Array {
  const channels = values.length / (side * side);
  const out = new Uint8Array(values.length);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let c = 0; c < channels; c++)
        out[(y * side + x) * channels + c] = values[(y * side + side - 1 - x) * channels + c];
  return out;
}
