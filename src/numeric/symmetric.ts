/** matrix x, for a symmetric matrix [n,n] of which only the lower triangle is read. */
export function symmetricProduct(matrix: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  const result = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const xi = x[i];
    let sum = 0;
    for (let j = 0; j < i; j++) {
      const h = matrix[row + j];
      sum += h * x[j];
      result[j] += h * xi;
    }
    result[i] += sum + matrix[row + i] * xi;
  }
  return result;
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
