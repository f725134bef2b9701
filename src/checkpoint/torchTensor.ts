import { asCount, asCounts, asItems, asText, describe, isKind, type PickleValue } from "./pickleValue.ts";
import { CheckpointError } from "./stateDict.ts";
import { type ElementType, storedTensor } from "./storedTensor.ts";

/** Torch's storage classes that are read, as pickles name them. Quantised, complex and untyped storages are not. */
export const storageTypes: ReadonlyMap<string, ElementType> = new Map([
  ["torch FloatStorage", "float32"],
  ["torch DoubleStorage", "float64"],
  ["torch HalfStorage", "float16"],
  ["torch BFloat16Storage", "bfloat16"],
  ["torch LongStorage", "int64"],
  ["torch IntStorage", "int32"],
  ["torch ShortStorage", "int16"],
  ["torch CharStorage", "int8"],
  ["torch ByteStorage", "uint8"],
  ["torch BoolStorage", "bool"],
]);

/** What a persistent id says about a storage. */
export interface StorageId {
  readonly key: string;
  readonly element: ElementType;
  readonly count: number;
}

/**
 * Reads the persistent id `("storage", class, key, location, count)` of a `.pth`; in the legacy format a sixth field follows, None.
 * The location (cpu, cuda:0) does not matter here.
 */
export function parseStorageId(id: PickleValue, fields: 5 | 6): StorageId {
  const items = asItems(id, "persistent id");
  const [tag, type, key, , count, view] = items;
  if (items.length !== fields || tag !== "storage")
    throw new CheckpointError(`persistent id: expected the ${fields} fields of a torch storage, got ${describe(id)}.`);
  if (fields === 6 && view !== null)
    throw new CheckpointError(
      "persistent id: views of storages (torch 0.x) are not supported; save the file again with a newer torch.",
    );
  const element = isKind(type, "symbol") ? storageTypes.get(type.name) : undefined;
  if (element === undefined)
    throw new CheckpointError(`persistent id: expected a torch storage class, got ${describe(type)}.`);
  return { key: asText(key, "key of a torch storage"), element, count: asCount(count, "size of a torch storage") };
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`. */
export function rebuildTensor(args: readonly PickleValue[]): PickleValue {
  if (args.length < 6 || args.length > 7)
    throw new CheckpointError(`torch tensor: expected 6 or 7 arguments, got ${args.length}.`);
  const [storage, offset, size, stride] = args;
  if (!isKind(storage, "storage"))
    throw new CheckpointError(`torch tensor: expected a storage, got ${describe(storage)}.`);
  const { element, count, bytes } = storage;
  const tensor = storedTensor({
    name: "torch tensor",
    bytes,
    element,
    count,
    littleEndian: true,
    shape: asCounts(size, "size of a torch tensor"),
    strides: asCounts(stride, "stride of a torch tensor"),
    offset: asCount(offset, "offset of a torch tensor"),
  });
  return { kind: "tensor", tensor };
}

/** `_rebuild_parameter(tensor, requires_grad, hooks)`: the tensor. */
export function rebuildParameter(args: readonly PickleValue[]): PickleValue {
  if (args.length !== 3 || !isKind(args[0], "tensor"))
    throw new CheckpointError(`torch parameter: expected a tensor, got ${describe(args[0])}.`);
  return args[0];
}
