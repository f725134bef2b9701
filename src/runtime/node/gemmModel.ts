import { PbfWriter } from "pbf";
import { encodeOnnx, ONNX_FLOAT } from "../../graph/onnxModel.ts";

/** The output of `gemmModel` that JavaScript cannot read: an empty sequence. */
export const UNREADABLE = "unreadable";

/**
 * An ONNX model of one Gemm node, C = op(A) op(B), for matrices of any size. Its first output is `UNREADABLE`, and costs nothing where
 * only C is asked for.
 */
export function gemmModel(transposeA: boolean, transposeB: boolean): Uint8Array {
  const matrix = (name: string, rows: string, columns: string) => ({
    name,
    elementType: ONNX_FLOAT,
    shape: [rows, columns],
  });
  const model = encodeOnnx({
    nodes: [
      { opType: "SequenceEmpty", inputs: [], outputs: [UNREADABLE], attributes: {} },
      {
        opType: "Gemm",
        inputs: ["A", "B"],
        outputs: ["C"],
        attributes: { transA: { int: Number(transposeA) }, transB: { int: Number(transposeB) } },
      },
    ],
    initializers: [],
    inputs: [
      transposeA ? matrix("A", "k", "m") : matrix("A", "m", "k"),
      transposeB ? matrix("B", "n", "k") : matrix("B", "k", "n"),
    ],
    outputs: [matrix("C", "m", "n")],
  });
  // Messages of one type, one after the other, are one message of all their fields.
  const first = sequenceOutput(UNREADABLE);
  const bytes = new Uint8Array(first.length + model.length);
  bytes.set(first);
  bytes.set(model, first.length);
  return bytes;
}

/** A ModelProto with nothing but a graph with nothing but an output, a sequence of float tensors (fields as in onnx.proto). */
function sequenceOutput(name: string): Uint8Array {
  const nested = (fields: readonly number[], value: number, out: PbfWriter): void => {
    const [field, ...inner] = fields;
    if (inner.length === 0) out.writeVarintField(field, value);
    else out.writeMessage(field, (rest, message) => nested(rest, value, message), inner);
  };
  const pbf = new PbfWriter();
  pbf.writeMessage(
    7,
    (_, graph) =>
      graph.writeMessage(
        12,
        (_none, output) => {
          output.writeStringField(1, name);
          // type: sequence_type: elem_type: tensor_type: elem_type
          nested([2, 4, 1, 1, 1], ONNX_FLOAT, output);
        },
        undefined,
      ),
    undefined,
  );
  return pbf.finish();
}
