/** How a stored weight is turned into the layout that a network expects. Nothing is read before it is needed. */
import type { LazyTensor } from "../checkpoint/stateDict.ts";
import { forEachOffset, stridesOf } from "../tensor/shape.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** A lazy tensor in another layout. A tensor that does not fit is left as it is: its shape is refused where it is used. */
export type Layout = (stored: LazyTensor) => LazyTensor;

/** Axis i of the result is axis perm[i] of the stored tensor. */
export const permuted =
  (...perm: readonly number[]): Layout =>
  (stored) => {
    if (stored.shape.length !== perm.length) return stored;
    const shape = perm.map((axis) => stored.shape[axis]);
    const strides = stridesOf(stored.shape);
    const steps = perm.map((axis) => strides[axis]);
    return changed(stored, shape, ({ data }) => {
      const out = new Float32Array(data.length);
      forEachOffset(shape, steps, (i, from) => {
        out[i] = data[from];
      });
      return out;
    });
  };

/** [a,b] -> [b,a]: TensorFlow's dense weights are [in,out]. */
export const transposed: Layout = permuted(1, 0);

/** [kh,kw,I,O] -> [O,I,kh,kw]: TensorFlow's convolutions. */
export const tensorflowConv: Layout = permuted(3, 2, 0, 1);

/** The last two axes reversed: a convolution's kernel as the transposed convolution's, and back. */
export const flipped: Layout = (stored) => {
  const { shape } = stored;
  const taps = (shape.at(-1) ?? 0) * (shape.at(-2) ?? 0);
  return changed(stored, shape, ({ data }) => {
    const out = new Float32Array(data.length);
    for (let start = 0; start < data.length; start += taps)
      for (let t = 0; t < taps; t++) out[start + t] = data[start + taps - 1 - t];
    return out;
  });
};

/** Without these axes, where all of them have length 1. */
export const squeezed =
  (...axes: readonly number[]): Layout =>
  (stored) =>
    axes.some((axis) => stored.shape[axis] !== 1)
      ? stored
      : changed(
          stored,
          stored.shape.filter((_, axis) => !axes.includes(axis)),
          ({ data }) => data,
        );

/** [a, b*h*w] -> [a,b,h,w]. */
export const unflattened =
  (height: number, width: number): Layout =>
  (stored) => {
    const [rows, columns, ...more] = stored.shape;
    const area = height * width;
    if (columns === undefined || more.length > 0 || columns % area !== 0) return stored;
    return changed(stored, [rows, columns / area, height, width], ({ data }) => data);
  };

/** A constant added to every element. */
export const plus =
  (constant: number): Layout =>
  (stored) =>
    changed(stored, stored.shape, ({ data }) => data.map((v) => v + constant));

/** Values as float32, whatever was stored. */
export function readFloat32(stored: LazyTensor): Tensor {
  const { data, shape } = stored.read();
  return tensor(shape, data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number));
}

function changed(stored: LazyTensor, shape: readonly number[], change: (t: Tensor) => Float32Array): LazyTensor {
  return { dtype: "float32", shape, read: () => tensor(shape, change(readFloat32(stored))) };
}
