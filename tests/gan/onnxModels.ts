/** Small ONNX generators as exporters write them: one network in many forms. */
import { PbfReader, PbfWriter } from "pbf";
import {
  type Attributes,
  encodeOnnx,
  ONNX_FLOAT,
  ONNX_INT64,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "../../src/graph/onnxModel.ts";

export const FLOAT16 = 10;
export const DOUBLE = 11;
export const UINT8 = 2;
export const INT32 = 6;
export const BOOL = 9;
export const STRING = 8;

export const port = (name: string, shape: readonly (number | string)[], elementType = ONNX_FLOAT): OnnxValueInfo => ({
  name,
  elementType,
  shape,
});

export const node = (
  opType: string,
  inputs: readonly string[],
  output: string,
  attributes: Record<string, number | readonly number[] | string> = {},
): OnnxNode => ({
  opType,
  inputs,
  outputs: [output],
  attributes: Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === "string"
        ? { string: value }
        : typeof value !== "number"
          ? { ints: value }
          : Number.isInteger(value)
            ? { int: value }
            : { float: value },
    ]),
  ) as Attributes,
});

export const floats = (name: string, dims: readonly number[], data: ArrayLike<number>): OnnxTensor => ({
  name,
  dims,
  dataType: ONNX_FLOAT,
  rawData: new Uint8Array(Float32Array.from(data).buffer),
});

export const integers = (
  name: string,
  values: readonly number[],
  dims: readonly number[] = [values.length],
): OnnxTensor => ({
  name,
  dims,
  dataType: ONNX_INT64,
  rawData: new Uint8Array(BigInt64Array.from(values, BigInt).buffer),
});

/** Fixed weights that differ. */
const waves = (dims: readonly number[], scale: number, phase: number): Float32Array =>
  Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => scale * Math.sin(i * 1.7 + phase));

/** Numbers of the latent, and side of the image. */
export const Z = 4;
export const SIDE = 16;

/** The network: `from` [b,4] -> 6 maps of 8x8 -> 5 maps of 16x16 -> `to` [b,3,16,16] in [-1,1]. */
export const body = (from = "z", to = "image", batch = -1, channels = 3): OnnxNode[] => [
  node("MatMul", [from, "fc.weight"], "fc"),
  node("Reshape", ["fc", `shape${batch}`], "reshaped"),
  node("LeakyRelu", ["reshaped"], "map8", { alpha: 0.2 }),
  node("ConvTranspose", ["map8", "up.weight"], "up", { strides: [2, 2], pads: [1, 1, 1, 1] }),
  node("LeakyRelu", ["up"], "map16", { alpha: 0.2 }),
  node("Conv", ["map16", `rgb${channels}.weight`], "rgb", { pads: [1, 1, 1, 1] }),
  node("Tanh", ["rgb"], to),
];

export const weights: readonly OnnxTensor[] = [
  floats("fc.weight", [Z, 384], waves([Z, 384], 1, 1)),
  floats("up.weight", [6, 5, 4, 4], waves([6, 5, 4, 4], 0.3, 2)),
  floats("rgb1.weight", [1, 5, 3, 3], waves([1, 5, 3, 3], 0.3, 3)),
  floats("rgb3.weight", [3, 5, 3, 3], waves([3, 5, 3, 3], 0.3, 3)),
  floats("rgb4.weight", [4, 5, 3, 3], waves([4, 5, 3, 3], 0.3, 3)),
  ...[-1, 1, 2, 3, 4].map((batch) => integers(`shape${batch}`, [batch, 6, 8, 8])),
];

export interface ModelParts {
  readonly inputs?: readonly OnnxValueInfo[];
  readonly outputs?: readonly OnnxValueInfo[];
  readonly nodes?: readonly OnnxNode[];
  readonly more?: readonly OnnxTensor[];
  /** Instead of the network's weights. */
  readonly initializers?: readonly OnnxTensor[];
  readonly opset?: number;
}

/** The plain export, or another with these parts. */
export function onnxModel({
  inputs = [port("z", ["batch", Z])],
  outputs = [port("image", ["batch", 3, SIDE, SIDE])],
  nodes = body(),
  more = [],
  initializers,
  opset = 17,
}: ModelParts = {}): Uint8Array {
  const used = new Set(nodes.flatMap((n) => n.inputs));
  const bytes = encodeOnnx({
    nodes,
    inputs,
    outputs,
    initializers: [...(initializers ?? weights), ...more].filter((t) => used.has(t.name)),
  });
  // The operator set is the last number of the file.
  bytes[bytes.length - 1] = opset;
  return bytes;
}

/**
 * The model with a graph of these fields merged into it, as protobuf merges repeated messages: for what `encodeOnnx` does
 * not write.
 */
function withGraphFields(model: Uint8Array, write: (graph: PbfWriter) => void): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeMessage(7, (_, graph) => write(graph), undefined);
  return new Uint8Array([...model, ...pbf.finish()]);
}

/** The plain export with the weights `fc.weight` in another file, of which nothing but its name is here. */
export function withExternalWeights(location: string): { readonly model: Uint8Array; readonly data: Uint8Array } {
  const model = onnxModel({ initializers: weights.filter((t) => t.name !== "fc.weight") });
  const { dims, rawData } = weights.find((t) => t.name === "fc.weight") as OnnxTensor;
  const entry = (tensor: PbfWriter, key: string, value: string): void =>
    tensor.writeMessage(
      13,
      (_, pair) => {
        pair.writeStringField(1, key);
        pair.writeStringField(2, value);
      },
      undefined,
    );
  const extended = withGraphFields(model, (graph) => {
    graph.writeMessage(
      5,
      (_, tensor) => {
        for (const d of dims) tensor.writeVarintField(1, d);
        tensor.writeVarintField(2, ONNX_FLOAT);
        tensor.writeStringField(8, "fc.weight");
        entry(tensor, "location", location);
        entry(tensor, "length", String(rawData.length));
        tensor.writeVarintField(14, 1);
      },
      undefined,
    );
  });
  return { model: extended, data: rawData };
}

/** A model whose image, `clean` before, goes through a Loop that never ends. */
export function endlessModel(
  parts: ModelParts & { readonly nodes: readonly OnnxNode[] } = { nodes: body("z", "clean") },
): Uint8Array {
  const step = encodeOnnx({
    nodes: [node("Identity", ["go"], "goOn"), node("Identity", ["x"], "same")],
    initializers: [],
    inputs: [port("i", [], ONNX_INT64), port("go", [], BOOL), port("x", ["batch", 3, SIDE, SIDE])],
    outputs: [port("goOn", [], BOOL), port("same", ["batch", 3, SIDE, SIDE])],
  });
  const stepGraph = new PbfReader(step).readFields(
    (tag, found, pbf) => {
      if (tag === 7) found.bytes = pbf.readBytes();
    },
    { bytes: new Uint8Array() as Uint8Array },
  ).bytes;
  const always: OnnxTensor = { name: "always", dims: [], dataType: BOOL, rawData: Uint8Array.of(1) };
  const model = onnxModel({
    ...parts,
    nodes: [...parts.nodes, node("Identity", ["always"], "start")],
    more: [always],
  });
  return withGraphFields(model, (graph) => {
    graph.writeMessage(
      1,
      (_, loop) => {
        for (const name of ["", "start", "clean"]) loop.writeStringField(1, name);
        loop.writeStringField(2, "image");
        loop.writeStringField(4, "Loop");
        loop.writeMessage(
          5,
          (_none, attribute) => {
            attribute.writeStringField(1, "body");
            attribute.writeBytesField(6, stepGraph);
            attribute.writeVarintField(20, 5);
          },
          undefined,
        );
      },
      undefined,
    );
  });
}

/** The same for a model that takes pictures instead of a latent. */
export const endlessPictureModel = (): Uint8Array =>
  endlessModel({
    inputs: [port("picture", ["batch", 3, SIDE, SIDE])],
    nodes: [node("Identity", ["picture"], "clean")],
  });
