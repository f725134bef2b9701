/** ONNX models as trees of protobuf fields, to be changed with their structure kept whole: lengths follow from the content. */
import { PbfReader, PbfWriter } from "pbf";
import { below, pick, type Random } from "./mutate.ts";

/** A field: a number (varint), bytes (text, data), or a message that is known as one. */
export interface Field {
  tag: number;
  value: number | Uint8Array | Field[];
}

/** Fields of each message that are messages, by their numbers in onnx.proto. */
const MESSAGES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  model: { 7: "graph", 8: "opset", 14: "entry", 25: "function" },
  graph: { 1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph" },
  tensor: { 13: "entry" },
  value: { 2: "type" },
  type: { 1: "tensorType" },
  tensorType: { 2: "shape" },
  shape: { 1: "dimension" },
};

const VARINT = 0;
const BYTES = 2;

/** Fields of other wire types are left out: ONNX has floats in attributes only. */
export function parseMessage(bytes: Uint8Array, message = "model"): Field[] {
  const fields: Field[] = [];
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    if (pbf.type === VARINT) fields.push({ tag, value: pbf.readVarint() });
    else if (pbf.type === BYTES) {
      const content = pbf.readBytes();
      const inner = MESSAGES[message]?.[tag];
      fields.push({ tag, value: inner === undefined ? content : parseMessage(content, inner) });
    }
  }, undefined);
  return fields;
}

export function encodeMessage(fields: readonly Field[]): Uint8Array {
  const pbf = new PbfWriter();
  write(fields, pbf);
  return pbf.finish();
}

function write(fields: readonly Field[], pbf: PbfWriter): void {
  for (const { tag, value } of fields)
    if (typeof value === "number") pbf.writeVarintField(tag, value);
    else if (value instanceof Uint8Array) pbf.writeBytesField(tag, value);
    else pbf.writeMessage(tag, write, value);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const NUMBERS = [
  0,
  1,
  2,
  3,
  7,
  10,
  16,
  64,
  127,
  128,
  1024,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 40,
  2 ** 53 - 1,
  -1,
  -2,
];
const TEXTS = [
  "",
  "z",
  "image",
  "label",
  "noise",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "\u001b[31m",
  "Loop",
  "Conv",
  "Gather",
  "OneHot",
  "Constant",
  "RandomNormalLike",
  "location",
  "value",
  "axis",
  "x".repeat(100_000),
].map(text);
/** Field numbers that mean something in some message. */
const TAGS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 20, 25, 1000];

/** What one change may add: files that are large for another reason say nothing. */
const MOST_BYTES = 2 ** 18;

const bytesOf = (fields: readonly Field[]): number =>
  fields.reduce(
    (sum, { value }) =>
      sum + 4 + (typeof value === "number" ? 4 : Array.isArray(value) ? bytesOf(value) : value.length),
    0,
  );

/** Bytes are never changed, and stay shared: a clone of one field's would copy the whole file that they are a part of. */
const copyOf = ({ tag, value }: Field): Field => ({ tag, value: Array.isArray(value) ? value.map(copyOf) : value });

/** One change somewhere in the tree, of any kind that the format allows. */
export function mutateTree(root: Field[], random: Random): void {
  const lists: Field[][] = [];
  const collect = (list: Field[]): void => {
    lists.push(list);
    for (const { value } of list) if (Array.isArray(value)) collect(value);
  };
  collect(root);
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length === 0) return;
  const list = pick(random, filled);
  const at = below(random, list.length);
  const other = pick(random, pick(random, filled));
  switch (below(random, 9)) {
    case 0:
      list.splice(at, 1);
      return;
    case 1:
      list.splice(at, 0, copyOf(list[at]));
      return;
    case 2:
      list.splice(at, 0, copyOf(other));
      return;
    case 3:
      list[at] = copyOf(other);
      return;
    case 4:
      list[at].tag = pick(random, TAGS);
      return;
    case 5:
      list[at].value = pick(random, NUMBERS);
      return;
    case 6:
      list[at].value = pick(random, TEXTS);
      return;
    case 7: {
      // Many of one kind: long lists of nodes, inputs, dimensions.
      const count = Math.min(pick(random, [10, 1000]), Math.floor(MOST_BYTES / bytesOf([list[at]])));
      list.splice(at, 0, ...Array.from({ length: count }, () => copyOf(list[at])));
      return;
    }
    default: {
      // Deep: a message within itself.
      let inner = copyOf(list[at]);
      if (!Array.isArray(inner.value)) return;
      for (let depth = pick(random, [2, 30, 100]); depth > 0; depth--) inner = { tag: inner.tag, value: [inner] };
      list[at] = inner;
    }
  }
}
