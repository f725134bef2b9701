import { PbfWriter } from "pbf";

/** Field numbers are those of onnx.proto (ModelProto, GraphProto, NodeProto, AttributeProto, ValueInfoProto, TypeProto). */
const FLOAT = 1;
const ATTRIBUTE_INT = 2;
const IR_VERSION = 8;
const OPSET = 13;

/** An ONNX model of one node, C = Gemm(A, B) with the given transpositions and free shapes. */
export function gemmModel(transposeA: boolean, transposeB: boolean): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeMessage(
    7,
    (_, graph) => {
      graph.writeMessage(1, writeGemm, { transA: transposeA, transB: transposeB });
      graph.writeStringField(2, "gemm");
      graph.writeMessage(11, writeMatrix, transposeA ? ["A", "k", "m"] : ["A", "m", "k"]);
      graph.writeMessage(11, writeMatrix, transposeB ? ["B", "n", "k"] : ["B", "k", "n"]);
      graph.writeMessage(12, writeMatrix, ["C", "m", "n"]);
    },
    null,
  );
  pbf.writeMessage(8, (_, opset) => opset.writeVarintField(2, OPSET), null);
  return pbf.finish();
}

function writeGemm(attributes: Record<string, boolean>, node: PbfWriter): void {
  node.writeStringField(1, "A");
  node.writeStringField(1, "B");
  node.writeStringField(2, "C");
  node.writeStringField(4, "Gemm");
  for (const [name, value] of Object.entries(attributes))
    node.writeMessage(
      5,
      (_, attribute) => {
        attribute.writeStringField(1, name);
        attribute.writeVarintField(3, Number(value));
        attribute.writeVarintField(20, ATTRIBUTE_INT);
      },
      null,
    );
}

function writeMatrix([name, ...dimensions]: string[], value: PbfWriter): void {
  value.writeStringField(1, name);
  value.writeMessage(
    2,
    (_, type) =>
      type.writeMessage(
        1,
        (__, matrix) => {
          matrix.writeVarintField(1, FLOAT);
          matrix.writeMessage(
            2,
            (___, shape) => {
              for (const dimension of dimensions)
                shape.writeMessage(1, (text: string, dim) => dim.writeStringField(2, text), dimension);
            },
            null,
          );
        },
        null,
      ),
    null,
  );
}
