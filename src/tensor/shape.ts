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
  if (shape.includes(0)) return;
  const axes = joinedAxes(shape, strides);
  const [inner, step] = axes.pop() ?? [1, 0];
  const at = axes.map(() => 0);
  let offset = start;
  for (let flat = 0; ; ) {
    for (let i = 0, o = offset; i < inner; i++, o += step) visit(flat++, o);
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const [length, stride] = axes[axis];
      offset += stride;
      if (++at[axis] < length) break;
      at[axis] = 0;
      offset -= length * stride;
    }
    if (axis < 0) return;
  }
}

/** [length, stride] per axis, an axis joined to the one before where both are walked by one stride. */
function joinedAxes(shape: readonly number[], strides: readonly number[]): [number, number][] {
  const joined: [number, number][] = [];
  shape.forEach((length, axis) => {
    const last = joined.at(-1);
    if (length === 1) return;
    if (last !== undefined && last[1] === strides[axis] * length)
      joined[joined.length - 1] = [last[0] * length, strides[axis]];
    else joined.push([length, strides[axis]]);
  });
  return joined;
}

/** Strides that read an array of `shape` as if broadcast to `target`: 0 along stretched axes. */
export function broadcastStrides(shape: readonly number[], target: readonly number[]): number[] {
  const own = stridesOf(shape);
  const lead = target.length - shape.length;
  return target.map((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? 0 : own[i - lead]));
}
