import { widenHalves } from "../tensor/half.ts";
import type { AnyTensor, DType, TypedArrays } from "../tensor/tensor.ts";
import { sizeOf } from "../tensor/tensor.ts";
import { CheckpointError, type LazyTensor } from "./stateDict.ts";

/** Element types that files hold. The two 16-bit floats are read as float32; the rest keep their type. */
export type ElementType =
  | "float64"
  | "float32"
  | "float16"
  | "bfloat16"
  | "int64"
  | "int32"
  | "int16"
  | "int8"
  | "uint32"
  | "uint16"
  | "uint8"
  | "bool";

export const elementBytes: Readonly<Record<ElementType, number>> = {
  float64: 8,
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  int16: 2,
  int8: 1,
  uint32: 4,
  uint16: 2,
  uint8: 1,
  bool: 1,
};

/** No network has tensors of a higher rank. */
const MAX_RANK = 8;
/** Elements that a tensor may have beyond its storage's (stride 0 repeats elements for free). */
const MAX_EXPANDED_ELEMENTS = 2 ** 20;

const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Strided elements in a byte range: what every container comes down to. */
export interface StoredElements {
  /** What messages call it, e.g. `torch tensor`. */
  readonly name: string;
  /** Raw storage of `count` elements; called at the first read, so that it may be known, checked or inflated late. */
  readonly bytes: () => Uint8Array;
  readonly element: ElementType;
  /** Number of elements in the storage. */
  readonly count: number;
  readonly littleEndian: boolean;
  readonly shape: readonly number[];
  /** In elements. Default: row-major. */
  readonly strides?: readonly number[];
  /** In elements. Default 0. */
  readonly offset?: number;
}

/**
 * A tensor over stored elements: element (i0,i1,…) lies at `offset + Σ i_k·stride_k`. Nothing is decoded before `read()`, but every
 * index that `read()` will touch is shown here to lie within the storage.
 * @throws CheckpointError for negative, fractional or out-of-bounds sizes, strides and offsets.
 */
export function storedTensor(stored: StoredElements): LazyTensor {
  const { name, element, count, shape, offset = 0 } = stored;
  if (shape.length > MAX_RANK)
    throw new CheckpointError(`${name}: rank ${shape.length}, expected at most ${MAX_RANK}.`);
  const strides = stored.strides ?? rowMajorStrides(shape);
  const fail = (what: string): never => {
    throw new CheckpointError(
      `${name}: ${what} (shape [${shape}], strides [${strides}], offset ${offset}, ${count} stored elements).`,
    );
  };
  if (strides.length !== shape.length)
    throw new CheckpointError(
      `${name}: shape [${shape}] has rank ${shape.length}, its strides have ${strides.length}.`,
    );
  for (const v of [offset, ...shape, ...strides])
    if (!Number.isSafeInteger(v) || v < 0) fail("expected whole numbers of 0 or more");
  const size = sizeOf(shape);
  if (size > Math.max(count, MAX_EXPANDED_ELEMENTS)) fail("more elements than its storage can mean");
  if (size > 0 && lastIndex(shape, strides, offset) >= count) fail("reaches past the end of its storage");
  return {
    dtype: resultType(element),
    shape,
    read: () => {
      const bytes = stored.bytes();
      if (bytes.length !== count * elementBytes[element]) fail(`its storage has ${bytes.length} bytes`);
      return decode(element, shape, gather(bytes, elementBytes[element], shape, strides, offset), stored.littleEndian);
    },
  };
}

/** Strides of a row-major (C order) array, in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  for (let axis = shape.length - 1, step = 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= Math.max(1, shape[axis]!);
  }
  return strides;
}

/** Strides of a column-major (Fortran order) array, in elements. */
export function columnMajorStrides(shape: readonly number[]): number[] {
  return rowMajorStrides([...shape].reverse()).reverse();
}

function resultType(element: ElementType): DType {
  return element === "float16" || element === "bfloat16" ? "float32" : element;
}

function lastIndex(shape: readonly number[], strides: readonly number[], offset: number): number {
  return shape.reduce((last, d, axis) => last + (d - 1) * strides[axis]!, offset);
}

type Words = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

/** The bytes as unsigned words of `width` bytes; a view where alignment allows. */
function wordsOf(bytes: Uint8Array, width: number): Words {
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  const args = [aligned.buffer, aligned.byteOffset, bytes.length / width] as const;
  if (width === 1) return new Uint8Array(...args);
  if (width === 2) return new Uint16Array(...args);
  if (width === 4) return new Uint32Array(...args);
  return new BigUint64Array(...args);
}

/** Row-major copy of the strided elements, still in the file's encoding; a buffer of its own. */
function gather(
  bytes: Uint8Array,
  width: number,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): Uint8Array<ArrayBuffer> {
  const size = sizeOf(shape);
  const out = new Uint8Array(size * width);
  if (size === 0) return out;
  const dense = rowMajorStrides(shape);
  if (shape.every((d, axis) => d === 1 || strides[axis] === dense[axis])) {
    out.set(bytes.subarray(offset * width, (offset + size) * width));
    return out;
  }
  const end = lastIndex(shape, strides, offset) + 1;
  const from = wordsOf(bytes.subarray(offset * width, end * width), width);
  copyStrided(from, wordsOf(out, width), shape, strides);
  return out;
}

function copyStrided(from: Words, to: Words, shape: readonly number[], strides: readonly number[]): void {
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, at = 0; i < to.length; i++) {
    to[i] = from[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
}

function decode(
  element: ElementType,
  shape: readonly number[],
  bytes: Uint8Array<ArrayBuffer>,
  littleEndian: boolean,
): AnyTensor {
  if (littleEndian !== HOST_IS_LITTLE_ENDIAN) swapBytes(bytes, elementBytes[element]);
  const raw = bytes.buffer;
  switch (element) {
    case "float16":
      return { dtype: "float32", shape, data: widenHalves(new Uint16Array(raw)) };
    case "bfloat16":
      return { dtype: "float32", shape, data: widenBfloat16(new Uint16Array(raw)) };
    case "bool":
      return { dtype: "bool", shape, data: bytes.map((v) => (v === 0 ? 0 : 1)) };
    default:
      return { dtype: element, shape, data: new arrayTypes[element](raw) } as AnyTensor;
  }
}

const arrayTypes: {
  readonly [D in Exclude<ElementType, "float16" | "bfloat16" | "bool">]: new (
    raw: ArrayBuffer,
  ) => TypedArrays[D];
} = {
  float64: Float64Array,
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
};

function swapBytes(bytes: Uint8Array, width: number): void {
  if (width > 1) for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}

/** bfloat16 is the upper half of a float32. */
function widenBfloat16(bits: Uint16Array): Float32Array {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}
