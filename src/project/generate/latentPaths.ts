import { type Tensor, tensor } from "../../tensor/tensor.ts";

/**
 * Style mixing (StyleGAN, section 3.1): for every pair of a row and a column, the row's ws with the column's at the
 * layers `styles`. rows [R,L,D] and columns [C,L,D] give [R*C,L,D], row by row.
 */
export function mixWs(rows: Tensor, columns: Tensor, styles: readonly number[]): Tensor {
  const [R, L, D] = rows.shape;
  const C = columns.shape[0];
  const mixed = tensor([R * C, L, D]);
  for (let r = 0; r < R; r++)
    for (let c = 0; c < C; c++)
      for (let layer = 0; layer < L; layer++) {
        const [source, n] = styles.includes(layer) ? [columns, c] : [rows, r];
        const from = (n * L + layer) * D;
        mixed.data.set(source.data.subarray(from, from + D), ((r * C + c) * L + layer) * D);
      }
  return mixed;
}

/**
 * A closed, smooth path through N keys, `frames` steps from each to the next: [N,L,D] to [N*frames,L,D]. Catmull-Rom
 * splines pass through every key with a continuous direction.
 */
export function interpolateWs(keys: Tensor, frames: number): Tensor {
  const [N, L, D] = keys.shape;
  const size = L * D;
  const path = tensor([N * frames, L, D]);
  const key = (i: number): Float32Array => keys.data.subarray(((i + N) % N) * size, (((i + N) % N) + 1) * size);
  for (let i = 0; i < N; i++) {
    const [a, b, c, d] = [key(i - 1), key(i), key(i + 1), key(i + 2)];
    for (let f = 0; f < frames; f++) {
      const t = f / frames;
      const at = (i * frames + f) * size;
      for (let j = 0; j < size; j++)
        path.data[at + j] =
          b[j] +
          0.5 * t * (c[j] - a[j] + t * (2 * a[j] - 5 * b[j] + 4 * c[j] - d[j] + t * (3 * (b[j] - c[j]) + d[j] - a[j])));
    }
  }
  return path;
}
