/** Clusters of one clustering as classes of another one of the same pixels. */

/**
 * For each of `k` clusters the class that most of its pixels are of, where that holds for at least `leastShare` of them; -1 for others.
 * `clusters` and `classes` are of the same pixels; classes count from 0 to `count` - 1.
 */
export function classByOverlap(
  clusters: ArrayLike<number>,
  k: number,
  classes: ArrayLike<number>,
  count: number,
  leastShare: number,
): number[] {
  const counts = new Float64Array(k * count);
  for (let n = 0; n < clusters.length; n++) counts[clusters[n] * count + classes[n]]++;
  return Array.from({ length: k }, (_, c) => {
    const row = counts.subarray(c * count, (c + 1) * count);
    const most = row.indexOf(Math.max(...row));
    return row[most] > 0 && row[most] >= leastShare * row.reduce((a, b) => a + b, 0) ? most : -1;
  });
}
