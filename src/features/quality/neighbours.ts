import type { Blas } from "../../numeric/blas.ts";

/** Points in a space of features. */
export interface Points {
  /** [n,dimensions] */
  readonly data: Float32Array;
  readonly dimensions: number;
}

/** Density, coverage, precision and recall of generated images among real ones. */
export interface NeighbourFigures {
  /** Mean number of real neighbourhoods that a generated point lies in, over k; 1 for equal distributions. Fidelity. */
  readonly density: number;
  /** Share of real points with a generated one in their neighbourhood. Variety. */
  readonly coverage: number;
  /** Share of generated points that lie in any real point's neighbourhood. */
  readonly precision: number;
  /** Share of real points that lie in any generated point's neighbourhood. */
  readonly recall: number;
}

/** Points whose distances to all others are held at a time. */
const BLOCK = 256;

/**
 * How well generated points cover real ones. A point's neighbourhood is the open ball that reaches to its k-th nearest
 * neighbour among its own kind. Density and coverage: Naeem et al., 2020, "Reliable fidelity and diversity metrics for
 * generative models"; precision and recall: Kynkäänniemi et al., 2019. Throws RangeError where a set has no k + 1 points.
 */
export async function neighbourFigures(
  real: Points,
  fake: Points,
  { blas, k = 5 }: { blas: Blas; k?: number },
): Promise<NeighbourFigures> {
  const count = ({ data, dimensions }: Points): number => data.length / dimensions;
  const [R, F] = [count(real), count(fake)];
  if (Math.min(R, F) <= k)
    throw new RangeError(`neighbourFigures: ${k} neighbours need more than ${k} points, there are ${R} and ${F}`);
  const radiiOfReal = await radii(real, k, blas);
  const radiiOfFake = await radii(fake, k, blas);
  let inside = 0;
  let precise = 0;
  const covered = new Uint8Array(R);
  const recalled = new Uint8Array(R);
  await forEachDistances(fake, real, blas, (j, distances) => {
    let neighbourhoods = 0;
    for (let i = 0; i < R; i++) {
      if (distances[i] < radiiOfReal[i]) {
        neighbourhoods++;
        covered[i] = 1;
      }
      if (distances[i] < radiiOfFake[j]) recalled[i] = 1;
    }
    inside += neighbourhoods;
    if (neighbourhoods > 0) precise++;
  });
  const share = (flags: Uint8Array): number => flags.reduce((sum, flag) => sum + flag, 0) / R;
  return { density: inside / (k * F), coverage: share(covered), precision: precise / F, recall: share(recalled) };
}

/** Squared distance of each point to its k-th nearest among the others. */
async function radii(points: Points, k: number, blas: Blas): Promise<Float64Array> {
  const result = new Float64Array(points.data.length / points.dimensions);
  const nearest = new Float64Array(k);
  await forEachDistances(points, points, blas, (i, distances) => {
    nearest.fill(Number.POSITIVE_INFINITY);
    for (let j = 0; j < distances.length; j++) {
      const distance = distances[j];
      if (j === i || distance >= nearest[k - 1]) continue;
      let place = k - 1;
      for (; place > 0 && nearest[place - 1] > distance; place--) nearest[place] = nearest[place - 1];
      nearest[place] = distance;
    }
    result[i] = nearest[k - 1];
  });
  return result;
}

/** Calls `visit` with the squared distances of each point of `a` to all of `b`; the array is reused. */
async function forEachDistances(
  a: Points,
  b: Points,
  blas: Blas,
  visit: (i: number, distances: Float64Array) => void,
): Promise<void> {
  const { dimensions: d } = a;
  const [m, n] = [a.data.length / d, b.data.length / d];
  const [normsA, normsB] = [squaredNorms(a), squaredNorms(b)];
  const distances = new Float64Array(n);
  for (let start = 0; start < m; start += BLOCK) {
    const rows = Math.min(BLOCK, m - start);
    const products = await blas.gemm({
      a: a.data.subarray(start * d, (start + rows) * d),
      b: b.data,
      m: rows,
      n,
      k: d,
      transposeB: true,
    });
    for (let i = 0; i < rows; i++) {
      const norm = normsA[start + i];
      for (let j = 0; j < n; j++) distances[j] = Math.max(0, norm + normsB[j] - 2 * products[i * n + j]);
      visit(start + i, distances);
    }
  }
}

function squaredNorms({ data, dimensions }: Points): Float64Array {
  const norms = new Float64Array(data.length / dimensions);
  for (let at = 0; at < data.length; at++) norms[Math.floor(at / dimensions)] += data[at] ** 2;
  return norms;
}
