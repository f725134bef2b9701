import { CheckpointError, type LazyTensor } from "./stateDict.ts";
import type { ElementType } from "./storedTensor.ts";

/** What a pickle is made of once it has been read: data, and inert nodes in place of Python objects. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleSet
  | PickleSymbol
  | StorageNode
  | TensorNode
  | NumpyTypeNode
  | NumpyArrayNode
  | ModuleNode
  | NetworkNode
  | IgnoredNode;

export interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: "tuple";
  readonly items: PickleValue[];
}

/** dict, OrderedDict and EasyDict. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
}

/** No checkpoint needs a set's contents. */
export interface PickleSet {
  readonly kind: "set";
}

/** A name that is on the allow-list. Nothing is looked up by it but the table of symbols. */
export interface PickleSymbol {
  readonly kind: "symbol";
  /** Module and name with one space between. */
  readonly name: string;
}

/** A torch storage: `count` raw little-endian elements. */
export interface StorageNode {
  readonly kind: "storage";
  readonly element: ElementType;
  readonly count: number;
  readonly bytes: () => Uint8Array;
}

export interface TensorNode {
  readonly kind: "tensor";
  readonly tensor: LazyTensor;
}

/** numpy.dtype; `order` comes with BUILD. */
export interface NumpyTypeNode {
  readonly kind: "numpyType";
  readonly code: string;
  order: string;
}

/** numpy.ndarray; empty until its BUILD. */
export interface NumpyArrayNode {
  readonly kind: "numpyArray";
  tensor: LazyTensor | null;
}

/** A module of NVIDIA's PyTorch pickles (torch_utils.persistence). */
export interface ModuleNode {
  readonly kind: "module";
  readonly meta: PickleDict;
}

/** A Network object of NVIDIA's TensorFlow pickles; empty until its BUILD. */
export interface NetworkNode {
  readonly kind: "network";
  state: PickleDict | null;
}

/** An object that may occur and that nobody needs. */
export interface IgnoredNode {
  readonly kind: "ignored";
}

/** How messages call a value. */
export function describe(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value.kind === "symbol") return value.name.replace(" ", ".");
  return "items" in value ? `a ${value.kind} of ${value.items.length}` : `a ${value.kind}`;
}

function wrong(what: string, expected: string, value: PickleValue | undefined): CheckpointError {
  return new CheckpointError(`${what}: expected ${expected}, got ${describe(value)}.`);
}

export type NodeKind = Extract<PickleValue, { readonly kind: string }>["kind"];
export type NodeOfKind<K extends NodeKind> = Extract<PickleValue, { readonly kind: K }>;

/** Narrows a value to a node of that kind. */
export function isKind<K extends NodeKind>(value: PickleValue | undefined, kind: K): value is NodeOfKind<K> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array) && value.kind === kind;
}

/** The value as a dictionary. @throws CheckpointError else, naming `what` it was to be; so do the functions below. */
export function asDict(value: PickleValue | undefined, what: string): PickleDict {
  if (!isKind(value, "dict")) throw wrong(what, "a dict", value);
  return value;
}

/** A text. */
export function asText(value: PickleValue | undefined, what: string): string {
  if (typeof value !== "string") throw wrong(what, "a text", value);
  return value;
}

/** The items of a list or a tuple. */
export function asItems(value: PickleValue | undefined, what: string): readonly PickleValue[] {
  if (!isKind(value, "tuple") && !isKind(value, "list")) throw wrong(what, "a tuple or a list", value);
  return value.items;
}

/** A whole number of 0 or more. */
export function asCount(value: PickleValue | undefined, what: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw wrong(what, "a whole number of 0 or more", value);
  return value;
}

/** Shapes and strides. */
export function asCounts(value: PickleValue | undefined, what: string): number[] {
  return asItems(value, what).map((item) => asCount(item, what));
}

/** Bytes; Python 2 kept them in its text type, one byte a character. */
export function asBytes(value: PickleValue | undefined, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "string") throw wrong(what, "bytes", value);
  return Uint8Array.from(value, (c) => {
    const code = c.charCodeAt(0);
    if (c.length > 1 || code > 255) throw wrong(what, "bytes", value);
    return code;
  });
}
