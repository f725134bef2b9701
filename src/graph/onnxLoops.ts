import { walkOnnx } from "./onnxWalk.ts";

/** Operators of ONNX that repeat a graph. */
const LOOPS = new Set(["Loop", "Scan", "SequenceMap"]);
const NODE = { operator: 4, domain: 7 } as const;

/**
 * Whether a model could run for ever, as far as its text tells: a graph in it is repeated, or an operator is not ONNX's own. What
 * has neither ends after as many steps as it has nodes. Throws OnnxError for a broken model.
 */
export function mayRunForever(model: Uint8Array): boolean {
  let found = false;
  walkOnnx(model, (message, field, pbf) => {
    if (message !== "node") return;
    if (field === NODE.operator) found ||= LOOPS.has(pbf.readString());
    else if (field === NODE.domain) found ||= !["", "ai.onnx"].includes(pbf.readString());
  });
  return found;
}
