/**
 * Runs whose results are written into the caller's arrays. onnxruntime-node 1.30 copies every output to a new buffer, also one that
 * lies in the caller's, which for large results takes as long as a product and leaves large garbage. An output that it cannot convert
 * ends the call before that, when all results are there.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { PbfWriter } from "pbf";
import { encodeOnnx, ONNX_FLOAT } from "../../graph/onnxModel.ts";

/** The output of `withUnreadable` that JavaScript cannot read: an empty sequence. */
export const UNREADABLE = "klish/unreadable";

/**
 * The model (ONNX opset 11 or newer) with one more output, `UNREADABLE`, before all others: it costs nothing where it is not asked for.
 */
export function withUnreadable(model: Uint8Array): Uint8Array {
  // Messages of one type, one after the other, are one message of all their fields.
  const first = unreadableOutput();
  const bytes = new Uint8Array(first.length + model.length);
  bytes.set(first);
  bytes.set(model, first.length);
  return bytes;
}

/** A ModelProto with nothing but a graph of one node and its output, a sequence of float tensors (fields as in onnx.proto). */
function unreadableOutput(): Uint8Array {
  const nested = (fields: readonly number[], write: (out: PbfWriter) => void, out: PbfWriter): void => {
    const [field, ...inner] = fields;
    if (field === undefined) write(out);
    else out.writeMessage(field, (rest, message) => nested(rest, write, message), inner);
  };
  const pbf = new PbfWriter();
  // graph: node
  nested(
    [7, 1],
    (node) => {
      node.writeStringField(2, UNREADABLE);
      node.writeStringField(4, "SequenceEmpty");
    },
    pbf,
  );
  // graph: output
  nested(
    [7, 12],
    (output) => {
      output.writeStringField(1, UNREADABLE);
      // type: sequence_type: elem_type: tensor_type: elem_type
      nested([2, 4, 1, 1], (type) => type.writeVarintField(1, ONNX_FLOAT), output);
    },
    pbf,
  );
  return pbf.finish();
}

/**
 * Runs a session of `withUnreadable` and writes all of `results`, which must have the outputs' shapes. Only where
 * `writesBeforeFailing`.
 */
export async function runUncopied(
  session: InferenceSession,
  feeds: InferenceSession.FeedsType,
  results: Readonly<Record<string, Tensor>>,
): Promise<void> {
  try {
    await session.run(feeds, { [UNREADABLE]: null, ...results });
  } catch (error) {
    if (!isConversionError(error)) throw error;
  }
}

const isConversionError = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith("Non tensor type");

let written: Promise<boolean> | undefined;

/** Whether `runUncopied` works with this build of onnxruntime-node, by trying it once: so it does as this is written. */
export function writesBeforeFailing(): Promise<boolean> {
  written ??= tryIt();
  return written;
}

async function tryIt(): Promise<boolean> {
  const port = (name: string) => ({ name, elementType: ONNX_FLOAT, shape: [1] });
  const model = encodeOnnx({
    nodes: [{ opType: "Neg", inputs: ["x"], outputs: ["y"], attributes: {} }],
    initializers: [],
    inputs: [port("x")],
    outputs: [port("y")],
  });
  // Denormals: the process-wide setting is read from the first session.
  const session = await InferenceSession.create(withUnreadable(model), {
    logSeverityLevel: 3,
    intraOpNumThreads: 1,
    extra: { session: { set_denormal_as_zero: "1" } },
  });
  const y = new Tensor("float32", new Float32Array(1), [1]);
  await runUncopied(session, { x: new Tensor("float32", Float32Array.of(-6), [1]) }, { y });
  await session.release();
  return y.data[0] === 6;
}
