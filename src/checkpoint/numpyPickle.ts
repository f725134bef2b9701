import { sizeOf } from "../tensor/tensor.ts";
import { type NumpyType, parseNumpyType } from "./numpyType.ts";
import {
  asBytes,
  asCounts,
  asItems,
  asText,
  describe,
  isKind,
  type NumpyArrayNode,
  type NumpyTypeNode,
  type PickleValue,
} from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";
import { columnMajorStrides, elementBytes, rowMajorStrides, storedTensor } from "./storedTensor.ts";

/** NumPy scalars and arrays in pickles, as `numpy.core.multiarray` takes them apart. */

/** The only layout of an array's state that NumPy has written since 2005. */
const ARRAY_STATE_VERSION = 1;

/** `numpy.dtype("f4", align, copy)`. */
export function reduceNumpyType(args: readonly PickleValue[]): PickleValue {
  if (args.length !== 3) throw new CheckpointError(`numpy.dtype: expected 3 arguments, got ${args.length}.`);
  return { kind: "numpyType", code: asText(args[0], "numpy.dtype"), order: "" };
}

/** State `(version, byte order, subtype, names, fields, item size, alignment, flags)`. */
export function buildNumpyType(node: NumpyTypeNode, state: PickleValue): void {
  const [, order, subtype, names, fields] = asItems(state, "state of a numpy.dtype");
  if (subtype !== null || names !== null || fields !== null)
    throw new CheckpointError("numpy.dtype: structured types are not supported.");
  node.order = asText(order, "byte order of a numpy.dtype");
}

function typeOf(value: PickleValue | undefined): NumpyType {
  if (!isKind(value, "numpyType"))
    throw new CheckpointError(`NumPy value: expected a numpy.dtype, got ${describe(value)}.`);
  return parseNumpyType(value.order + value.code.replace(/^[<>=|]/, ""), "NumPy value in the pickle");
}

/** `scalar(dtype, bytes)`: a number. Whole numbers beyond 2^53 stay BigInt. */
export function numpyScalar(args: readonly PickleValue[]): PickleValue {
  if (args.length !== 2) throw new CheckpointError(`NumPy scalar: expected 2 arguments, got ${args.length}.`);
  const type = typeOf(args[0]);
  const bytes = asBytes(args[1], "NumPy scalar");
  const scalar = { name: "NumPy scalar", bytes: () => bytes, count: 1, shape: [], ...type };
  const { dtype, data } = storedTensor(scalar).read();
  const value = data[0]!;
  if (dtype === "bool") return value !== 0;
  return typeof value === "bigint" && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** `_reconstruct(ndarray, (0,), b"b")`: an array that gets everything by its BUILD. */
export function reconstructNumpyArray(args: readonly PickleValue[]): PickleValue {
  if (!isKind(args[0], "symbol") || args[0].name !== "numpy ndarray")
    throw new CheckpointError(`NumPy array: expected the class numpy.ndarray, got ${describe(args[0])}.`);
  return { kind: "numpyArray", tensor: null };
}

/** State `(1, shape, dtype, Fortran order, bytes)`. */
export function buildNumpyArray(node: NumpyArrayNode, state: PickleValue): void {
  const [version, sizes, dtype, fortranOrder, data, ...more] = asItems(state, "state of a NumPy array");
  if (version !== ARRAY_STATE_VERSION || more.length > 0)
    throw new CheckpointError(`NumPy array: state version ${describe(version)} is not known.`);
  const shape = asCounts(sizes, "shape of a NumPy array");
  const type = typeOf(dtype);
  // Text from Python 2 becomes bytes at each read, so that arrays which share one text do not multiply it.
  const bytes = () => asBytes(data, "data of a NumPy array");
  const length = typeof data === "string" ? data.length : bytes().length;
  const count = sizeOf(shape);
  if (length !== count * elementBytes[type.element])
    throw new CheckpointError(`NumPy array: shape [${shape}] of ${type.element} cannot have ${length} bytes.`);
  // NumPy writes a bool or, long ago, 0 or 1.
  const strides = fortranOrder === true || fortranOrder === 1 ? columnMajorStrides(shape) : rowMajorStrides(shape);
  node.tensor = storedTensor({ name: "NumPy array", bytes, count, shape, strides, ...type });
}
