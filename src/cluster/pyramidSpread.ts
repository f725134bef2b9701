/** Mean and variance of a pyramid's pixels, from its levels as they are: the moments of resized maps are those of a stencil. */
import type { LinearMap } from "./bilinear.ts";
import type { Spread } from "./moments.ts";
import type { PyramidLevel } from "./pyramid.ts";

/** The mean feature [D] and the mean of |x - mean|^2 over all pixels, resized by A: of a line f, sum A f and |A f|^2 = f^T (A^T A) f. */
export function pyramidSpread(
  levels: readonly (PyramidLevel & { readonly plan: { readonly map: LinearMap } })[],
  images: number,
  resolution: number,
): Spread {
  const pixels = images * resolution * resolution;
  const mean = new Float64Array(levels.reduce((sum, { channels }) => sum + channels, 0));
  let squares = 0;
  for (const { size, channels, first, data, plan } of levels) {
    const { sum, own, next } = lineMoments(plan.map);
    const width = size * channels;
    const sums = new Float64Array(channels);
    // About one pixel: a large common offset costs no digits.
    const origin = Float64Array.from({ length: width }, (_, i) => data[i % channels]);
    // A line has a pixel of zeros on either side.
    const line = new Float64Array(width + 2 * channels);
    const weighted = new Float64Array(width);
    let above = new Float64Array(width);
    let product = new Float64Array(width);
    for (let row = 0, at = 0; row < images * size; row++, at += width) {
      const y = row % size;
      const weight = sum[y];
      let within = 0;
      if (size === resolution) {
        for (let i = 0; i < width; i++) {
          const value = data[at + i] - origin[i];
          weighted[i] += value;
          within += value * value;
        }
        squares += within;
        continue;
      }
      for (let i = 0; i < width; i++) {
        const value = data[at + i] - origin[i];
        weighted[i] += weight * value;
        line[channels + i] = value;
      }
      // product = (A^T A) line along the line; then the same stencil across lines.
      let across = 0;
      for (let x = 0, i = 0; x < size; x++) {
        const left = x > 0 ? next[x - 1] : 0;
        const [here, right] = [own[x], next[x]];
        for (const end = i + channels; i < end; i++) {
          const value = line[i + channels];
          const p = here * value + left * line[i] + right * line[i + 2 * channels];
          product[i] = p;
          within += p * value;
          across += above[i] * value;
        }
      }
      squares += own[y] * within;
      if (y > 0) squares += 2 * next[y - 1] * across;
      [above, product] = [product, above];
    }
    for (let x = 0, i = 0; x < size; x++) for (let c = 0; c < channels; c++, i++) sums[c] += sum[x] * weighted[i];
    for (let c = 0; c < channels; c++) {
      const offset = sums[c] / pixels;
      squares -= pixels * offset * offset;
      mean[first + c] = origin[c] + offset;
    }
  }
  return { mean, variance: Math.max(0, squares / pixels) };
}

/** Of the resizing matrix A of a line: the sums of its columns, and the diagonal of A^T A and what is beside it. */
function lineMoments({ from, to, low, fraction }: LinearMap) {
  const sum = new Float64Array(from);
  const own = new Float64Array(from);
  const next = new Float64Array(from);
  for (let x = 0; x < to; x++) {
    const right = fraction[x];
    const left = 1 - right;
    sum[low[x]] += left;
    own[low[x]] += left * left;
    if (right === 0) continue;
    sum[low[x] + 1] += right;
    own[low[x] + 1] += right * right;
    next[low[x]] += left * right;
  }
  return { sum, own, next };
}
