/**
 * The part of the ONNX format that we read and write, as types, and its protobuf bytes. Field numbers are those of
 * onnx.proto (opset 17, IR 8). Reading keeps what a generator needs to be understood; a model that is only extended is
 * never re-encoded (see `withExtraOutputs`).
 */

import { PbfReader, PbfWriter } from "pbf";
import { OneLineError } from "../text/oneLineError.ts";

export type Attribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly string: string }
  | { readonly tensor: OnnxTensor };
export type Attributes = Readonly<Record<string, Attribute>>;

export interface OnnxNode {
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** ONNX element types by number: those that we write. */
export const ONNX_FLOAT = 1;
export const ONNX_INT32 = 6;
export const ONNX_INT64 = 7;
export const ONNX_HALF = 10;

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

/** A graph input or output; a dimension is a number, or the name of one that may vary. */
export interface OnnxValueInfo {
  readonly name: string;
  readonly elementType: number;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

const IR_VERSION = 8;
const OPSET = 17;
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, tensor: 4, ints: 7 } as const;

/** Thrown for bytes that are not an ONNX model. */
export class OnnxError extends OneLineError {
  override readonly name = "OnnxError";
}

/** Text by key that a model carries along: what tools know of it beyond its graph. */
export type OnnxMetadata = ReadonlyMap<string, string>;

export function encodeOnnx(graph: OnnxGraph, metadata: OnnxMetadata = new Map()): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, "klish");
  pbf.writeMessage(7, writeGraph, graph);
  pbf.writeMessage(
    8,
    (version, out) => {
      out.writeStringField(1, "");
      out.writeVarintField(2, version);
    },
    OPSET,
  );
  for (const entry of metadata) pbf.writeMessage(14, writeMetadata, entry);
  return pbf.finish();
}

function writeMetadata([key, value]: [string, string], out: PbfWriter): void {
  out.writeStringField(1, key);
  out.writeStringField(2, value);
}

function writeGraph(graph: OnnxGraph, out: PbfWriter): void {
  for (const node of graph.nodes) out.writeMessage(1, writeNode, node);
  out.writeStringField(2, "klish");
  for (const tensor of graph.initializers) out.writeMessage(5, writeTensor, tensor);
  for (const info of graph.inputs) out.writeMessage(11, writeValueInfo, info);
  for (const info of graph.outputs) out.writeMessage(12, writeValueInfo, info);
}

function writeNode(node: OnnxNode, out: PbfWriter): void {
  for (const name of node.inputs) out.writeStringField(1, name);
  for (const name of node.outputs) out.writeStringField(2, name);
  out.writeStringField(3, `${node.opType}_${node.outputs[0]}`);
  out.writeStringField(4, node.opType);
  for (const entry of Object.entries(node.attributes)) out.writeMessage(5, writeAttribute, entry);
}

function writeAttribute([name, value]: [string, Attribute], out: PbfWriter): void {
  out.writeStringField(1, name);
  if ("float" in value) {
    out.writeFloatField(2, value.float);
    out.writeVarintField(20, ATTRIBUTE_TYPE.float);
  } else if ("int" in value) {
    out.writeVarintField(3, value.int);
    out.writeVarintField(20, ATTRIBUTE_TYPE.int);
  } else if ("string" in value) {
    out.writeBytesField(4, new TextEncoder().encode(value.string));
    out.writeVarintField(20, ATTRIBUTE_TYPE.string);
  } else if ("tensor" in value) {
    out.writeMessage(5, writeTensor, value.tensor);
    out.writeVarintField(20, ATTRIBUTE_TYPE.tensor);
  } else {
    for (const i of value.ints) out.writeVarintField(8, i);
    out.writeVarintField(20, ATTRIBUTE_TYPE.ints);
  }
}

function writeTensor(tensor: OnnxTensor, out: PbfWriter): void {
  for (const d of tensor.dims) out.writeVarintField(1, d);
  out.writeVarintField(2, tensor.dataType);
  out.writeStringField(8, tensor.name);
  out.writeBytesField(9, tensor.rawData);
}

function writeValueInfo(info: OnnxValueInfo, out: PbfWriter): void {
  out.writeStringField(1, info.name);
  out.writeMessage(
    2,
    (_, type) => {
      type.writeMessage(
        1,
        (_none, tensor) => {
          tensor.writeVarintField(1, info.elementType);
          tensor.writeMessage(
            2,
            (shape, dims) => {
              for (const d of shape)
                dims.writeMessage(
                  1,
                  (dim, one) => {
                    if (typeof dim === "number") one.writeVarintField(1, dim);
                    else one.writeStringField(2, dim);
                  },
                  d,
                );
            },
            info.shape,
          );
        },
        null,
      );
    },
    null,
  );
}

/** What `decodeOnnx` finds. Weights stay views of the file. */
export interface DecodedOnnx {
  readonly producer: string;
  readonly graph: OnnxGraph;
  readonly metadata: OnnxMetadata;
}

/** Reads a model's nodes, inputs, outputs and initializer shapes. Throws OnnxError for anything that is not an ONNX model. */
export function decodeOnnx(bytes: Uint8Array): DecodedOnnx {
  const model = {
    irVersion: 0,
    producer: "",
    graph: { nodes: [], initializers: [], inputs: [], outputs: [] } as MutableGraph,
    metadata: new Map<string, string>(),
  };
  try {
    const reader = new PbfReader(bytes);
    reader.readFields((tag, m, pbf) => {
      if (tag === 1) m.irVersion = pbf.readVarint();
      else if (tag === 2) m.producer = pbf.readString();
      // A repeated message is merged, as protobuf has it: see `withExtraOutputs`.
      else if (tag === 7) readGraph(pbf, m.graph);
      else if (tag === 14) {
        const { key, value } = readMetadata(pbf);
        m.metadata.set(key, value);
      }
    }, model);
    // The reader does not mind a last field that is longer than the file.
    if (reader.pos !== bytes.length) throw new RangeError(`a field ends at ${reader.pos}, the file at ${bytes.length}`);
  } catch (cause) {
    throw new OnnxError("not an ONNX model: its protobuf structure is broken or the file is cut short", { cause });
  }
  if (model.irVersion < 1 || model.graph.nodes.length === 0)
    throw new OnnxError("not an ONNX model: no graph with nodes was found in it");
  return { producer: model.producer, graph: model.graph, metadata: model.metadata };
}

const readMetadata = (pbf: PbfReader): { key: string; value: string } =>
  pbf.readMessage(
    (tag, entry, r) => {
      if (tag === 1) entry.key = r.readString();
      else if (tag === 2) entry.value = r.readString();
    },
    { key: "", value: "" },
  );

interface MutableGraph extends OnnxGraph {
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
  inputs: OnnxValueInfo[];
  outputs: OnnxValueInfo[];
}

function readGraph(pbf: PbfReader, into: MutableGraph): void {
  pbf.readMessage((tag, graph, r) => {
    if (tag === 1) graph.nodes.push(readNode(r));
    else if (tag === 5) graph.initializers.push(readTensor(r));
    else if (tag === 11) graph.inputs.push(readValueInfo(r));
    else if (tag === 12) graph.outputs.push(readValueInfo(r));
  }, into);
}

function readNode(pbf: PbfReader): OnnxNode {
  const node = {
    opType: "",
    inputs: [] as string[],
    outputs: [] as string[],
    // Without a prototype, so that an attribute called __proto__ is only an attribute.
    attributes: Object.create(null) as Record<string, Attribute>,
  };
  return pbf.readMessage((tag, n, r) => {
    if (tag === 1) n.inputs.push(r.readString());
    else if (tag === 2) n.outputs.push(r.readString());
    else if (tag === 4) n.opType = r.readString();
    else if (tag === 5) readAttribute(r, n.attributes);
  }, node);
}

function readAttribute(pbf: PbfReader, into: Record<string, Attribute>): void {
  const raw = {
    name: "",
    type: 0,
    float: 0,
    int: 0,
    string: "",
    ints: [] as number[],
    tensor: undefined as OnnxTensor | undefined,
  };
  pbf.readMessage((tag, a, r) => {
    if (tag === 1) a.name = r.readString();
    else if (tag === 2) a.float = r.readFloat();
    else if (tag === 3) a.int = r.readVarint(true);
    else if (tag === 4) a.string = new TextDecoder().decode(r.readBytes());
    else if (tag === 5) a.tensor = readTensor(r);
    else if (tag === 8) r.readPackedVarint(a.ints, true);
    else if (tag === 20) a.type = r.readVarint();
  }, raw);
  if (raw.type === ATTRIBUTE_TYPE.float) into[raw.name] = { float: raw.float };
  else if (raw.type === ATTRIBUTE_TYPE.int) into[raw.name] = { int: raw.int };
  else if (raw.type === ATTRIBUTE_TYPE.string) into[raw.name] = { string: raw.string };
  else if (raw.type === ATTRIBUTE_TYPE.ints) into[raw.name] = { ints: raw.ints };
  else if (raw.type === ATTRIBUTE_TYPE.tensor && raw.tensor !== undefined) into[raw.name] = { tensor: raw.tensor };
}

function readTensor(pbf: PbfReader): OnnxTensor {
  const tensor = { name: "", dims: [] as number[], dataType: 0, rawData: new Uint8Array() as Uint8Array };
  return pbf.readMessage((tag, t, r) => {
    if (tag === 1) r.readPackedVarint(t.dims);
    else if (tag === 2) t.dataType = r.readVarint();
    else if (tag === 8) t.name = r.readString();
    else if (tag === 9) t.rawData = r.readBytes();
  }, tensor);
}

function readValueInfo(pbf: PbfReader): OnnxValueInfo {
  const info = { name: "", elementType: 0, shape: [] as (number | string)[] };
  const readDim = (r: PbfReader): void => {
    const dim = r.readMessage(
      (tag, d, one) => {
        if (tag === 1) d.value = one.readVarint(true);
        else if (tag === 2) d.value = one.readString();
      },
      { value: "?" as number | string },
    );
    info.shape.push(dim.value);
  };
  return pbf.readMessage((tag, i, r) => {
    if (tag === 1) i.name = r.readString();
    else if (tag === 2)
      r.readMessage((typeTag, _, t) => {
        if (typeTag === 1)
          t.readMessage((tensorTag, __, tt) => {
            if (tensorTag === 1) i.elementType = tt.readVarint();
            else if (tensorTag === 2)
              tt.readMessage((shapeTag, ___, s) => {
                if (shapeTag === 1) readDim(s);
              }, null);
          }, null);
      }, null);
  }, info);
}

/**
 * The same model with inner tensors as further outputs, by name. Protobuf merges a repeated message, so appending a
 * graph that holds nothing but the new outputs extends the model without touching a byte of its weights; ONNX Runtime
 * infers their types and shapes. Names that are outputs already stay as they are.
 */
export function withExtraOutputs(model: Uint8Array, names: readonly string[]): Uint8Array {
  const known = new Set(decodeOnnx(model).graph.outputs.map((o) => o.name));
  const pbf = new PbfWriter();
  pbf.writeMessage(
    7,
    (outputs, graph) => {
      for (const name of outputs) graph.writeMessage(12, (n, info) => info.writeStringField(1, n), name);
    },
    names.filter((name) => !known.has(name)),
  );
  const tail = pbf.finish();
  const extended = new Uint8Array(model.length + tail.length);
  extended.set(model);
  extended.set(tail, model.length);
  return extended;
}
