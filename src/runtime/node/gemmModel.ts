import { encodeOnnx, ONNX_FLOAT } from "../../graph/onnxModel.ts";

/** An ONNX model of one Gemm node, C = op(A) op(B), for matrices of any size. */
export function gemmModel(transposeA: boolean, transposeB: boolean): Uint8Array {
  const matrix = (name: string, rows: string, columns: string) => ({
    name,
    elementType: ONNX_FLOAT,
    shape: [rows, columns],
  });
  return encodeOnnx({
    nodes: [
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
}
