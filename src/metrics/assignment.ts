/**
 * The assignment problem: of a matrix of gains [rows,columns], choose at most one cell in each row and column so that their sum is
 * greatest and min(rows, columns) are chosen. Shortest augmenting paths with potentials (Kuhn 1955; Jonker & Volgenant 1987),
 * O(min^2 max).
 */

/** For each row its column, -1 where there are more rows than columns and it has none. Gains must be finite. */
export function optimalAssignment(gains: ArrayLike<number>, rows: number, columns: number): Int32Array {
  if (gains.length !== rows * columns)
    throw new RangeError(`optimalAssignment: expected ${rows * columns} gains, got ${gains.length}`);
  if (rows <= columns) return assignRows((i, j) => -gains[i * columns + j], rows, columns);
  const owner = assignRows((j, i) => -gains[i * columns + j], columns, rows);
  const result = new Int32Array(rows).fill(-1);
  for (const [column, row] of owner.entries()) result[row] = column;
  return result;
}

/** Every row gets the column that makes the sum of costs least; there are at least as many columns as rows. */
function assignRows(cost: (row: number, column: number) => number, rows: number, columns: number): Int32Array {
  // Reduced costs cost - rowPotential - columnPotential stay >= 0, and are 0 on the chosen cells.
  const rowPotential = new Float64Array(rows);
  const columnPotential = new Float64Array(columns);
  const rowOf = new Int32Array(columns).fill(-1);
  for (let row = 0; row < rows; row++) {
    const distance = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
    /** The column before each on the shortest path from `row`; -1 for the first. */
    const previous = new Int32Array(columns).fill(-1);
    const reached: number[] = [];
    const done = new Uint8Array(columns);
    let last = -1;
    let length = 0;
    for (;;) {
      const from = last < 0 ? row : rowOf[last];
      let next = -1;
      for (let column = 0; column < columns; column++) {
        if (done[column]) continue;
        const step = length + cost(from, column) - rowPotential[from] - columnPotential[column];
        if (step < distance[column]) {
          distance[column] = step;
          previous[column] = last;
        }
        if (next < 0 || distance[column] < distance[next]) next = column;
      }
      length = distance[next];
      done[next] = 1;
      last = next;
      if (rowOf[next] < 0) break;
      reached.push(next);
    }
    rowPotential[row] += length;
    for (const column of reached) {
      columnPotential[column] -= length - distance[column];
      rowPotential[rowOf[column]] += length - distance[column];
    }
    for (let column = last; column >= 0; column = previous[column])
      rowOf[column] = previous[column] < 0 ? row : rowOf[previous[column]];
  }
  const result = new Int32Array(rows);
  for (const [column, row] of rowOf.entries()) if (row >= 0) result[row] = column;
  return result;
}
