import { type AnyTensor, sizeOf } from "../tensor/tensor.ts";
import { ByteReader } from "./byteReader.ts";
import { CheckpointError, type LazyTensor, type StateDict } from "./stateDict.ts";
import { type ElementType, elementBytes, storedTensor } from "./storedTensor.ts";

/**
 * The safetensors format (huggingface/safetensors, format version 1): u64 length of the header; the header, a JSON object
 * `{name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {text: text}}`; then the data, row-major and little-endian, every
 * byte of it belonging to exactly one tensor.
 */
export interface SafetensorsFile {
  /** In the order of the data. */
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = "__metadata__";
/** The bound that the reference implementation sets. */
const MAX_HEADER_BYTES = 100_000_000;
/** Data begins at a multiple of this, and larger elements come first, so that every tensor is aligned. */
const ALIGNMENT = 8;

/** A length below 4 GiB, then the brace that opens the header. */
export const looksLikeSafetensors = (bytes: Uint8Array): boolean =>
  bytes[4] === 0 && bytes[5] === 0 && bytes[6] === 0 && bytes[7] === 0 && bytes[8] === 0x7b;

const typeNames: ReadonlyMap<string, ElementType> = new Map([
  ["F64", "float64"],
  ["F32", "float32"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["I64", "int64"],
  ["I32", "int32"],
  ["I16", "int16"],
  ["I8", "int8"],
  ["U32", "uint32"],
  ["U16", "uint16"],
  ["U8", "uint8"],
  ["BOOL", "bool"],
]);
const namesOfTypes: ReadonlyMap<ElementType, string> = new Map([...typeNames].map(([name, type]) => [type, name]));

/**
 * Writes tensors as one safetensors file. Equal input gives equal bytes.
 * @throws RangeError where a tensor's data does not fill its shape.
 *
 * @example
 * const bytes = writeSafetensors(new Map([["w", tensor([2], Float32Array.of(1, 2))]]));
 * console.log(readSafetensors(bytes).tensors.has("w")); // true
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, AnyTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const entries = [...tensors].sort(([, a], [, b]) => elementBytes[b.dtype] - elementBytes[a.dtype]);
  // Text by text, because a JavaScript object would move names that look like numbers to the front.
  const fields = Object.keys(metadata).length > 0 ? [`${JSON.stringify(METADATA)}:${JSON.stringify(metadata)}`] : [];
  let end = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === METADATA) throw new RangeError(`writeSafetensors: the name ${METADATA} is reserved`);
    if (data.length !== sizeOf(shape))
      throw new RangeError(`writeSafetensors: ${name} has shape [${shape}] but ${data.length} elements`);
    const begin = end;
    end += data.byteLength;
    fields.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: namesOfTypes.get(dtype), shape, data_offsets: [begin, end] })}`,
    );
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(8 + headerBytes + end).fill(0x20, 8, 8 + headerBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, 8);
  let at = 8 + headerBytes;
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * Reads a safetensors file; tensors stay views of `bytes` until they are read. float16 and bfloat16 are widened to float32.
 * @throws CheckpointError for every deviation from the format: lengths, types, shapes, gaps or overlaps in the data.
 */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const reader = new ByteReader(bytes, "safetensors file");
  const headerBytes = reader.u64();
  if (headerBytes > MAX_HEADER_BYTES) throw bad(`its header would have ${headerBytes} bytes`);
  const header = parseHeader(reader.take(headerBytes));
  const data = reader.take(reader.left);
  let metadata: Record<string, string> = {};
  const entries: Entry[] = [];
  for (const [name, value] of Object.entries(header))
    if (name === METADATA) metadata = parseMetadata(value);
    else entries.push(parseEntry(name, value));
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of entries) {
    if (entry.begin !== end)
      throw bad(
        `tensor ${JSON.stringify(entry.name)} begins at ${entry.begin}, expected ${end} (no gaps, no overlaps)`,
      );
    end = entry.end;
  }
  if (end !== data.length) throw bad(`its tensors need ${end} bytes of data, ${data.length} are there`);
  return { tensors: new Map(entries.map((entry) => [entry.name, lazyTensor(entry, data)])), metadata };
}

interface Entry {
  readonly name: string;
  readonly element: ElementType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function parseHeader(bytes: Uint8Array): object {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CheckpointError("safetensors file: its header is not JSON.", { cause });
  }
  if (!isObject(header)) throw bad("its header is not a JSON object");
  return header;
}

function parseMetadata(value: unknown): Record<string, string> {
  if (!isObject(value)) throw bad(`${METADATA} is not an object`);
  const entries = Object.entries(value);
  for (const [key, text] of entries) if (typeof text !== "string") throw bad(`${METADATA}.${key} is not text`);
  return Object.fromEntries(entries) as Record<string, string>;
}

function parseEntry(name: string, value: unknown): Entry {
  const label = `tensor ${JSON.stringify(name)}`;
  if (!isObject(value)) throw bad(`${label} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value as { dtype?: unknown; shape?: unknown; data_offsets?: unknown };
  const element = typeof dtype === "string" ? typeNames.get(dtype) : undefined;
  if (element === undefined)
    throw bad(`${label} has type ${JSON.stringify(dtype)}; expected one of ${[...typeNames.keys()].join(", ")}`);
  if (!isCounts(shape)) throw bad(`${label} has no proper shape`);
  if (!isCounts(offsets) || offsets.length !== 2) throw bad(`${label} has no proper data_offsets`);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== sizeOf(shape) * elementBytes[element])
    throw bad(`${label} of shape [${shape}] and type ${dtype} cannot have ${end - begin} bytes`);
  return { name, element, shape, begin, end };
}

function lazyTensor({ name, element, shape, begin, end }: Entry, data: Uint8Array): LazyTensor {
  return storedTensor({
    name: `safetensors tensor ${JSON.stringify(name)}`,
    bytes: () => data.subarray(begin, end),
    element,
    count: sizeOf(shape),
    littleEndian: true,
    shape,
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0);
}

function bad(what: string): CheckpointError {
  return new CheckpointError(`safetensors file: ${what}.`);
}
