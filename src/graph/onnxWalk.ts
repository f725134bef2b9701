/** A walk through all messages of an ONNX model that may hold nodes or tensors, subgraphs and functions included. */
import { PbfReader } from "pbf";
import { OnnxError } from "./onnxModel.ts";

/** Messages of onnx.proto by the numbers of those fields in which nodes or tensors can lie; TensorProto itself has none. */
const MESSAGES = {
  model: { 7: "graph", 20: "training", 25: "function" },
  training: { 1: "graph", 2: "graph" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  function: { 7: "node", 11: "attribute" },
  sparse: { 1: "tensor", 2: "tensor" },
  tensor: {},
} as const;
export type OnnxMessage = keyof typeof MESSAGES;

const LENGTH_DELIMITED = 2;
/** Subgraphs lie in attributes of nodes of graphs: three levels each. */
const MAX_DEPTH = 64;

/**
 * Calls `visit` for every field of text, bytes or messages that the walk itself does not enter; `pbf` stands before its value, which may be
 * read. Throws OnnxError for a broken model.
 */
export function walkOnnx(
  model: Uint8Array,
  visit: (message: OnnxMessage, field: number, pbf: PbfReader) => void,
): void {
  const read = (message: OnnxMessage, depth: number) => (field: number, _: undefined, pbf: PbfReader) => {
    // Fields of another wire type than a message's are skipped, as ONNX Runtime's reader does.
    if (pbf.type !== LENGTH_DELIMITED) return;
    const inner: Readonly<Record<number, OnnxMessage>> = MESSAGES[message];
    if (!Object.hasOwn(inner, field)) return visit(message, field, pbf);
    if (depth === MAX_DEPTH)
      throw new OnnxError(`not an ONNX model: its graphs are nested more than ${MAX_DEPTH} deep`);
    pbf.readMessage(read(inner[field], depth + 1), undefined);
  };
  try {
    new PbfReader(model).readFields(read("model", 0), undefined);
  } catch (cause) {
    if (cause instanceof OnnxError) throw cause;
    throw new OnnxError("not an ONNX model: its protobuf structure is broken or the file is cut short", { cause });
  }
}
