import type { Blas } from "../../numeric/blas.ts";
import type { RandomState } from "../../tensor/random.ts";
import { PATCH_SIZE, type PatchLevel } from "./patches.ts";

/** Directions whose products are held at a time. */
const TOGETHER = 32;

/** The distance at each size of the images, and their mean. */
export interface SlicedWasserstein {
  /** By level, the highest resolution first: fine texture, then ever larger shapes. */
  readonly levels: readonly { readonly side: number; readonly distance: number }[];
  /** Mean of the levels. */
  readonly mean: number;
}

/**
 * Sliced Wasserstein distance of patches of two sets of images, level by level, times 1000 (Karras et al., 2018, section 5,
 * and its official metric): the mean over random directions of the distance between the sorted projections. 0 for equal
 * sets. Throws RangeError for sets of different sizes.
 */
export async function slicedWasserstein(
  a: readonly PatchLevel[],
  b: readonly PatchLevel[],
  { blas, random, directions }: { blas: Blas; random: RandomState; directions: number },
): Promise<SlicedWasserstein> {
  const levels: { side: number; distance: number }[] = [];
  for (const [i, { side, data }] of a.entries()) {
    const other = b[i]?.data;
    if (a.length !== b.length || other.length !== data.length || b[i].side !== side)
      throw new RangeError("slicedWasserstein: expected two sets of equally many images of one size");
    const patches = data.length / PATCH_SIZE;
    let sum = 0;
    for (let done = 0; done < directions; done += TOGETHER) {
      const m = Math.min(TOGETHER, directions - done);
      const product = { a: unitVectors(random, m), m, n: patches, k: PATCH_SIZE, transposeB: true };
      const [p, q] = [await blas.gemm({ ...product, b: data }), await blas.gemm({ ...product, b: other })];
      for (let d = 0; d < m; d++) sum += sortedDistance(p, q, d * patches, (d + 1) * patches);
    }
    levels.push({ side, distance: (1000 * sum) / directions });
  }
  return { levels, mean: levels.reduce((sum, { distance }) => sum + distance, 0) / levels.length };
}

/** [m,147], uniform on the sphere. */
function unitVectors(random: RandomState, m: number): Float32Array {
  const vectors = new Float32Array(m * PATCH_SIZE);
  for (let d = 0; d < m; d++) {
    const vector = Float64Array.from({ length: PATCH_SIZE }, () => random.randn());
    const length = Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));
    vectors.set(
      vector.map((v) => v / length),
      d * PATCH_SIZE,
    );
  }
  return vectors;
}

/** Wasserstein distance of two equally large sets of numbers: the mean difference of those of the same rank. */
function sortedDistance(p: Float32Array, q: Float32Array, start: number, end: number): number {
  const x = p.subarray(start, end).sort();
  const y = q.subarray(start, end).sort();
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i] - y[i]);
  return sum / x.length;
}
