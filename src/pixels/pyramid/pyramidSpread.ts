/** Mean and variance of a pyramid's pixels, from its levels as they are: the moments of resized maps are those of a stencil. */
import type { LinearMap } from "../../numeric/bilinear.ts";
import { type SpreadKernels, spreadKernels } from "../kernels/spreadKernels.ts";
import type { Spread } from "../pixels.ts";
import type { PyramidLevel } from "./pyramidData.ts";

/**
 * The mean feature [D] and the mean of |x - mean|^2 over all pixels, resized by A: of a line f, sum A f and |A f|^2 = f^T (A^T A) f.
 * Undefined where shapes or the engine do not allow for it.
 */
export function pyramidSpread(
  levels: readonly (PyramidLevel & { readonly plan: { readonly map: LinearMap } })[],
  images: number,
  resolution: number,
): Spread | undefined {
  if (levels.some(({ channels }) => channels % 2 !== 0)) return undefined;
  const kernels = spreadKernels(8 * levels.reduce((most, level) => Math.max(most, layoutOf(level).end), 0));
  if (kernels === undefined) return undefined;
  const pixels = images * resolution * resolution;
  const mean = new Float64Array(levels.reduce((sum, { channels }) => sum + channels, 0));
  let squares = 0;
  for (const level of levels) {
    const { size, channels, first, data, plan } = level;
    const { sum, own, next } = lineMoments(plan.map);
    const width = size * channels;
    // About one pixel: a large common offset costs no digits.
    const origin = Float64Array.from({ length: width }, (_, i) => data[i % channels]);
    const layout = layoutOf(level);
    const { doubles } = kernels;
    doubles.fill(0, 0, layout.end);
    doubles.set(origin, layout.origin);
    doubles.set(sum, layout.lineSums);
    for (let x = 0; x < size; x++) doubles.set([x > 0 ? next[x - 1] : 0, own[x], next[x]], layout.stencil + 3 * x);
    for (let image = 0; image < images; image++) {
      const from = image * size * width;
      kernels.floats.set(data.subarray(from, from + size * width), 2 * layout.image);
      squares += imageSquares(kernels, layout, level, size === resolution, own, next);
    }
    const weighted = doubles.subarray(layout.weighted, layout.weighted + width);
    const sums = new Float64Array(channels);
    for (let x = 0, i = 0; x < size; x++) for (let c = 0; c < channels; c++, i++) sums[c] += sum[x] * weighted[i];
    for (let c = 0; c < channels; c++) {
      const offset = sums[c] / pixels;
      squares -= pixels * offset * offset;
      mean[first + c] = origin[c] + offset;
    }
  }
  return { mean, variance: Math.max(0, squares / pixels) };
}

/** |A f|^2 summed over the image in the kernels' memory, less the origin; its lines are added to the weighted ones. */
function imageSquares(
  { doubles, centreLine, stencilLine }: SpreadKernels,
  layout: Layout,
  { size, channels }: PyramidLevel,
  whole: boolean,
  own: Float64Array,
  next: Float64Array,
): number {
  const width = size * channels;
  const { sums } = layout;
  let squares = 0;
  let [above, product] = layout.products;
  for (let y = 0; y < size; y++) {
    // A line has a pixel of zeros on either side.
    const line = 8 * (layout.line + channels);
    const row = 8 * layout.image + 4 * y * width;
    centreLine(row, 8 * layout.origin, 8 * width, 8 * (layout.lineSums + y), 8 * layout.weighted, line, 8 * sums);
    if (whole) {
      squares += doubles[sums] + doubles[sums + 1];
      continue;
    }
    stencilLine(line, size, 8 * channels, 8 * layout.stencil, 8 * product, 8 * above, 8 * sums);
    squares += own[y] * (doubles[sums] + doubles[sums + 1]);
    if (y > 0) squares += 2 * next[y - 1] * (doubles[sums + 2] + doubles[sums + 3]);
    [above, product] = [product, above];
  }
  return squares;
}

type Layout = ReturnType<typeof layoutOf>;

/** Where the operands of a level lie in the kernels' memory, in doubles. */
function layoutOf({ size, channels }: PyramidLevel) {
  let end = 0;
  const take = (doubles: number): number => {
    const at = end;
    end += 2 * Math.ceil(doubles / 2);
    return at;
  };
  const width = size * channels;
  return {
    image: take((size * width) / 2),
    origin: take(width),
    weighted: take(width),
    lineSums: take(size),
    stencil: take(3 * size),
    line: take(width + 2 * channels),
    products: [take(width), take(width)] as const,
    sums: take(4),
    end,
  };
}

/** Of the resizing matrix A of a line: the sums of its columns, and the diagonal of A^T A, and the entries next to it. */
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
