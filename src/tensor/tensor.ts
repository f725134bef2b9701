/** Dense row-major arrays: the one value type that crosses every boundary of the package. */

/** The storage array of each element type. `float16` holds raw IEEE half bits. */
export interface TypedArrays {
  float32: Float32Array;
  float64: Float64Array;
  float16: Uint16Array;
  int8: Int8Array;
  uint8: Uint8Array;
  int16: Int16Array;
  uint16: Uint16Array;
  int32: Int32Array;
  uint32: Uint32Array;
  int64: BigInt64Array;
  bool: Uint8Array;
}

/** The types of numbers, by their ONNX names in lower case. */
export type DType = keyof TypedArrays;
export type TypedArray = TypedArrays[DType];

/** A row-major array. Images are NCHW. Plain objects of this form are accepted wherever a tensor is. */
export interface Tensor<D extends DType = "float32"> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: TypedArrays[D];
}

/** A tensor of any type of numbers. */
export type AnyTensor = { [D in DType]: Tensor<D> }[DType];

/** Number of elements of a shape; a scalar's shape `[]` has one. */
export function sizeOf(shape: readonly number[]): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/**
 * A float32 tensor over `data`, or zeros. Throws RangeError when the length does not fit the shape.
 *
 * @example
 * console.log(tensor([2, 3]).data.length); // 6
 */
export function tensor(shape: readonly number[], data: Float32Array = new Float32Array(sizeOf(shape))): Tensor {
  if (data.length !== sizeOf(shape))
    throw new RangeError(`tensor: shape [${shape}] needs ${sizeOf(shape)} elements, got ${data.length}`);
  return { dtype: "float32", shape, data };
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
