/**
 * Plain data with typed arrays as bytes, for carriers between processes and machines: "KLS1"; the length of the header, uint32 little-endian;
 * the header, JSON: the data with {"$": i} for array i, and the type and length of every array; then the arrays' bytes, each at a multiple
 * of 8. Reading makes views of the bytes, never more than is there, and nothing else.
 */

import { z } from "zod";

const MAGIC = "KLS1";
const PREFIX_BYTES = 8;
const ALIGNMENT = 8;

const types = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
} as const;
type Type = keyof typeof types;
type Numbers = InstanceType<(typeof types)[Type]>;

const typeOf = (value: unknown): Type | undefined =>
  (Object.keys(types) as Type[]).find((type) => value instanceof types[type]);

const header = z.strictObject({
  data: z.unknown(),
  arrays: z.array(
    z.tuple([
      z.enum(Object.keys(types) as [Type, ...Type[]]),
      z
        .int()
        .min(0)
        .max(2 ** 40),
    ]),
  ),
});
const place = z.strictObject({ $: z.int().min(0) });

/** Bytes that are no message. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

const aligned = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** `data`, of objects, arrays, texts, numbers and typed arrays, as bytes. An array that occurs twice is written once. */
export function encodeMessage(data: unknown): Uint8Array<ArrayBuffer> {
  const arrays = new Map<Numbers, number>();
  const json = JSON.stringify(data, (_, value: unknown) => {
    if (typeOf(value) === undefined) return value;
    const array = value as Numbers;
    if (!arrays.has(array)) arrays.set(array, arrays.size);
    return { $: arrays.get(array) };
  });
  const list = [...arrays.keys()].map((array) => [typeOf(array), array.length]);
  const head = new TextEncoder().encode(`{"data":${json},"arrays":${JSON.stringify(list)}}`);
  const begin = aligned(PREFIX_BYTES + head.length);
  let end = begin;
  for (const array of arrays.keys()) end += aligned(array.byteLength);
  const bytes = new Uint8Array(end);
  bytes.set(new TextEncoder().encode(MAGIC));
  new DataView(bytes.buffer).setUint32(4, head.length, true);
  bytes.set(head, PREFIX_BYTES);
  let at = begin;
  for (const array of arrays.keys()) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += aligned(array.byteLength);
  }
  return bytes;
}

/** What `encodeMessage` was given. Throws MessageError for bytes that are no message; what the data are is for the caller to check. */
export function decodeMessage(given: Uint8Array): unknown {
  // Views of arrays must begin at a multiple of their elements' size. (A Buffer's own slice would be a view again.)
  const bytes = given.byteOffset % ALIGNMENT === 0 ? given : new Uint8Array(given);
  if (bytes.length < PREFIX_BYTES || new TextDecoder().decode(bytes.subarray(0, 4)) !== MAGIC)
    throw new MessageError("expected a message of klish");
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  if (PREFIX_BYTES + length > bytes.length) throw new MessageError("a message is cut off");
  const { data, arrays: list } = readHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length));
  let at = aligned(PREFIX_BYTES + length);
  const arrays = list.map(([type, count]) => {
    const size = count * types[type].BYTES_PER_ELEMENT;
    if (at + size > bytes.length) throw new MessageError("a message is cut off");
    const array = new types[type](bytes.buffer as ArrayBuffer, bytes.byteOffset + at, count);
    at += aligned(size);
    return array;
  });
  if (at !== bytes.length) throw new MessageError(`a message has ${bytes.length} bytes, expected ${at}`);
  return placed(data, arrays);
}

function readHeader(bytes: Uint8Array): z.output<typeof header> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new MessageError("a message's header is not JSON");
  }
  const read = header.safeParse(json);
  if (!read.success) throw new MessageError("a message's header does not describe its arrays");
  return read.data;
}

/** The data with the arrays in their places. */
function placed(data: unknown, arrays: readonly Numbers[]): unknown {
  if (typeof data !== "object" || data === null) return data;
  const at = place.safeParse(data);
  if (at.success) {
    const array = arrays[at.data.$];
    if (array === undefined) throw new MessageError(`a message has no array ${at.data.$}`);
    return array;
  }
  if (Array.isArray(data)) return data.map((item) => placed(item, arrays));
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, placed(value, arrays)]));
}
