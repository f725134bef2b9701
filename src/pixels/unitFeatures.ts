/** `Pixels` by direction only: cosine distances as squared distances. */

import { denseRowSums, forEachRows, rowSpread } from "./moments.ts";
import { nearestPass } from "./nearestPass.ts";
import type { Pixels } from "./pixels.ts";
import { resolveRange } from "./ranges.ts";
import { svmPass } from "./svmPass.ts";

/**
 * The features scaled to length 1, so that squared distances between them are 2 - 2 cos(x, y). A zero vector has no direction and
 * stays zero. Reads all rows once for their lengths.
 */
export async function unitFeatures(features: Pixels): Promise<Pixels> {
  const { pixels, channels, alignment, blas, passCost } = features;
  /** 1 / |x_n|. */
  const scale = new Float32Array(pixels);
  let at = 0;
  await forEachRows(features, (rows, count) => {
    for (let i = 0; i < count; i++) {
      let square = 0;
      for (let d = i * channels, end = d + channels; d < end; d++) square += rows[d] ** 2;
      scale[at++] = square === 0 ? 0 : 1 / Math.sqrt(square);
    }
  });
  const unit: Pixels = {
    pixels,
    channels,
    alignment,
    blas,
    passCost,
    async scores(weight, bias, out, range) {
      const { start, end } = resolveRange(features, range);
      const n = end - start;
      const scores = await features.scores(weight, new Float32Array(bias.length), out, range);
      for (let k = 0, j = 0; k < bias.length; k++)
        for (let i = 0; i < n; i++, j++) scores[j] = scores[j] * scale[start + i] + bias[k];
      return scores;
    },
    gradient(g, range) {
      const { start, end } = resolveRange(features, range);
      const n = end - start;
      return features.gradient(
        g.map((value, j) => value * scale[start + (j % n)]),
        range,
      );
    },
    async rows(index, out) {
      const rows = await features.rows(index, out);
      for (let i = 0, j = 0; i < index.length; i++) for (let d = 0; d < channels; d++, j++) rows[j] *= scale[index[i]];
      return rows;
    },
    rowSums: (index, factors) => denseRowSums(unit, index, factors),
    svm: (request) => svmPass(unit, request),
    nearest: (classifier, request) => nearestPass(unit, classifier, request),
    spread: (range) => rowSpread(unit, range),
  };
  return unit;
}
