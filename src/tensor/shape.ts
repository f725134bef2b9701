/** Index arithmetic of row-major arrays; one named function per formula. */

/** Elements between neighbours along each axis: [C*H*W, H*W, W, 1] for NCHW. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis];
  }
  return strides;
}

/** NumPy's rule: align at the right; a dimension of 1 stretches. Throws RangeError naming both shapes. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw new RangeError(`cannot broadcast [${a}] with [${b}]`);
    return x === 1 ? y : x;
  });
}

/**
 * Visits `shape` in row-major order, calling `visit(flat, offset)` with the flat index and the offset that `strides`
 * (any, one per axis; 0 repeats) gives at the same place.
 */
export function forEachOffset(
  shape: readonly number[],
  strides: readonly number[],
  visit: (flat: number, offset: number) => void,
  start = 0,
): void {
  let flat = 0;
  const walk = (axis: number, offset: number): void => {
    if (axis === shape.length) {
      visit(flat++, offset);
      return;
    }
    for (let i = 0; i < shape[axis]; i++) walk(axis + 1, offset + i * strides[axis]);
  };
  walk(0, start);
}

/** Strides that read an array of `shape` as if broadcast to `target`: 0 along stretched axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? 0 : own[i - lead]));
}
