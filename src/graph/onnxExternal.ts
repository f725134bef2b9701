/** Weights that an ONNX model keeps in other files. */
import type { PbfReader } from "pbf";
import { walkOnnx } from "./onnxWalk.ts";

/** The content of a file beside a model, under the path that the model calls it by. */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

const EXTERNAL_DATA = 13;

/** The paths of the files that hold weights of the model, as the model names them; nothing is opened. Throws OnnxError. */
export function externalFiles(model: Uint8Array): string[] {
  const found = new Set<string>();
  walkOnnx(model, (message, field, pbf) => {
    if (message !== "tensor" || field !== EXTERNAL_DATA) return;
    const { key, value } = pbf.readMessage(readEntry, { key: "", value: "" });
    if (key === "location") found.add(value);
  });
  return [...found];
}

/** StringStringEntryProto. */
function readEntry(tag: number, entry: { key: string; value: string }, pbf: PbfReader): void {
  if (tag === 1) entry.key = pbf.readString();
  else if (tag === 2) entry.value = pbf.readString();
}
