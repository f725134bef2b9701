import type { Pixels } from "../../../src/pixels/pixels.ts";

/**
 * One L2-SVM of Eq. 3, the obvious way: Newton with step halving on all rows in float64, the Hessian formed anew each time and
 * solved by Gaussian elimination. Slow; exact to rounding.
 */
export async function svmReference(features: Pixels, positive: (n: number) => boolean, C: number) {
  const { pixels, channels } = features;
  const size = channels + 1;
  const rows = await features.rows(Int32Array.from({ length: pixels }, (_, n) => n));
  const x = (n: number, d: number) => (d === channels ? 1 : rows[n * channels + d]);
  const y = (n: number) => (positive(n) ? 1 : -1);
  const c = C / pixels;
  let w: number[] = new Array(size).fill(0);
  const margin = (v: number[], n: number) => {
    let s = 0;
    for (let d = 0; d < size; d++) s += v[d] * x(n, d);
    return 1 - y(n) * s;
  };
  const objective = (v: number[]) => {
    let f = 0;
    for (let d = 0; d < channels; d++) f += v[d] ** 2 / 2;
    for (let n = 0; n < pixels; n++) f += c * Math.max(0, margin(v, n)) ** 2;
    return f;
  };
  for (let iteration = 0; iteration < 100; iteration++) {
    const g = w.map((v, d) => (d < channels ? v : 0));
    const h = Array.from({ length: size }, (_, i) =>
      new Array(size).fill(0).map((_, j) => (i === j ? (i < channels ? 1 : 1e-9) : 0)),
    );
    for (let n = 0; n < pixels; n++) {
      const m = margin(w, n);
      if (m <= 0) continue;
      for (let i = 0; i < size; i++) {
        g[i] -= 2 * c * m * y(n) * x(n, i);
        for (let j = 0; j < size; j++) h[i][j] += 2 * c * x(n, i) * x(n, j);
      }
    }
    if (Math.hypot(...g) < 1e-9) break;
    const step = solve(h, g);
    const f = objective(w);
    let t = 1;
    while (t > 1e-12 && objective(w.map((v, d) => v - t * step[d])) > f) t /= 2;
    w = w.map((v, d) => v - t * step[d]);
  }
  return { weight: w.slice(0, channels), bias: w[channels], objective: objective(w) };
}

function solve(matrix: number[][], right: number[]): number[] {
  const a = matrix.map((row, i) => [...row, right[i]]);
  const n = right.length;
  for (let i = 0; i < n; i++) {
    const pivot = a.slice(i).reduce((best, row, r) => (Math.abs(row[i]) > Math.abs(a[best][i]) ? r + i : best), i);
    [a[i], a[pivot]] = [a[pivot], a[i]];
    for (let r = i + 1; r < n; r++) {
      const factor = a[r][i] / a[i][i];
      for (let j = i; j <= n; j++) a[r][j] -= factor * a[i][j];
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let sum = a[i][n];
    for (let j = i + 1; j < n; j++) sum -= a[i][j] * x[j];
    x[i] = sum / a[i][i];
  }
  return x;
}
