/** Weights that an ONNX model keeps in other files. */
import { PbfReader } from "pbf";
import { OnnxError } from "./onnxModel.ts";

/** The content of a file beside a model, under the path that the model calls it by. */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

/** Messages of onnx.proto by the numbers of those fields in which tensors can lie; TensorProto itself has none. */
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
type Message = keyof typeof MESSAGES;

const LENGTH_DELIMITED = 2;
const EXTERNAL_DATA = 13;
/** Subgraphs lie in attributes of nodes of graphs: three levels each. */
const MAX_DEPTH = 64;

/** The paths of the files that hold weights of the model, as the model names them; nothing is opened. Throws OnnxError. */
export function externalFiles(model: Uint8Array): string[] {
  const found = new Set<string>();
  const walk = (message: Message, pbf: PbfReader, depth: number): void => {
    if (depth > MAX_DEPTH) throw new OnnxError(`not an ONNX model: its graphs are nested more than ${MAX_DEPTH} deep`);
    const fields: Readonly<Record<number, Message>> = MESSAGES[message];
    pbf.readMessage((tag) => {
      // Fields of another wire type than a message's are skipped, as ONNX Runtime's reader does.
      if (pbf.type !== LENGTH_DELIMITED) return;
      if (message === "tensor" && tag === EXTERNAL_DATA) {
        const { key, value } = pbf.readMessage(readEntry, { key: "", value: "" });
        if (key === "location") found.add(value);
      } else if (Object.hasOwn(fields, tag)) walk(fields[tag], pbf, depth + 1);
    }, undefined);
  };
  try {
    const pbf = new PbfReader(model);
    pbf.readFields((tag) => {
      if (pbf.type === LENGTH_DELIMITED && Object.hasOwn(MESSAGES.model, tag))
        walk((MESSAGES.model as Record<number, Message>)[tag], pbf, 1);
    }, undefined);
  } catch (cause) {
    if (cause instanceof OnnxError) throw cause;
    throw new OnnxError("not an ONNX model: its protobuf structure is broken or the file is cut short", { cause });
  }
  return [...found];
}

/** StringStringEntryProto. */
function readEntry(tag: number, entry: { key: string; value: string }, pbf: PbfReader): void {
  if (tag === 1) entry.key = pbf.readString();
  else if (tag === 2) entry.value = pbf.readString();
}
