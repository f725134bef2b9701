import type { Emitter } from "./emitter.ts";
import {
  encodeOnnx,
  ONNX_FLOAT,
  ONNX_HALF,
  ONNX_INT64,
  type OnnxMetadata,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
} from "./onnxModel.ts";
import { simplify } from "./simplify.ts";
import { type Graph, topologicalOrder, type Value } from "./value.ts";

/** How a graph is written as ONNX. */
export interface EmitOptions {
  /** Leaves the first axis of inputs and outputs open, so that one model runs on any batch. Build the graph for N = 1. */
  readonly dynamicBatch?: boolean;
  /**
   * Leaves the last two of four axes of inputs and outputs open too: for graphs of ops that are written alike for maps of
   * every size (convolutions, what `nn/openSize` has, and what goes pixel by pixel).
   */
  readonly dynamicSize?: boolean;
  /** Text that the model carries along. */
  readonly metadata?: OnnxMetadata;
  /** Avoids operators that some provider is known to compute wrongly. Slower; needed beyond the CPU. */
  readonly portable?: boolean;
}

/** Writes a graph, simplified, as an ONNX model (opset 17). */
export function toOnnx(
  graph: Graph,
  { dynamicBatch = false, dynamicSize = false, portable = false, metadata }: EmitOptions = {},
): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const written = new Map<string, string>();
  const ports = [...graph.inputs.keys(), ...graph.outputs.keys()];
  /** Names inside are this and a number; no port has one like them. */
  let prefix = "t";
  while (ports.some((name) => name.startsWith(prefix))) prefix = `_${prefix}`;
  const dims = (shape: readonly number[]): readonly (number | string)[] =>
    shape.map((n, axis) =>
      dynamicBatch && axis === 0
        ? "batch"
        : dynamicSize && shape.length === 4 && axis >= 2
          ? ["height", "width"][axis - 2]
          : n,
    );

  const once = (key: string, write: (name: string) => void): string => {
    let name = written.get(key);
    if (name === undefined) {
      name = `${prefix}${written.size}`;
      written.set(key, name);
      write(name);
    }
    return name;
  };
  const bytesOf = (data: Float32Array | BigInt64Array): Uint8Array =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const constantIds = new Map<ArrayLike<number>, string>();

  const emitter: Emitter = {
    portable,
    fixedShapes: !dynamicBatch && !dynamicSize,
    node: (opType, ins, attributes = {}, results = 1) =>
      once(`${opType}(${ins.join()})${JSON.stringify(attributes)}${results}`, (name) => {
        const further = Array.from({ length: results - 1 }, (_, k) => `${name}/${k + 1}`);
        nodes.push({ opType, inputs: ins, outputs: [name, ...further], attributes });
      }),
    float32: (data, shape) => {
      // Small constants are equal by content, large ones by identity: comparing megabytes would not pay.
      let id = data.length <= 16 ? Array.from(data).join() : constantIds.get(data);
      if (id === undefined) {
        id = `#${constantIds.size}`;
        constantIds.set(data, id);
      }
      return once(`f[${shape}]${id}`, (name) =>
        initializers.push({ name, dims: shape, dataType: ONNX_FLOAT, rawData: bytesOf(Float32Array.from(data)) }),
      );
    },
    int64: (data) =>
      once(`i${data.join()}`, (name) =>
        initializers.push({
          name,
          dims: [data.length],
          dataType: ONNX_INT64,
          rawData: bytesOf(BigInt64Array.from(data, BigInt)),
        }),
      ),
    input: (name, shape, half) => {
      if (inputs.some((i) => i.name === name)) throw new Error(`toOnnx: two inputs are called "${name}"`);
      inputs.push({ name, elementType: half ? ONNX_HALF : ONNX_FLOAT, shape: dims(shape) });
      return half ? emitter.node("Cast", [name], { to: { int: ONNX_FLOAT } }) : name;
    },
  };

  const names = new Map<Value, string>();
  const { outputs: results } = simplify(graph);
  for (const value of topologicalOrder([...results.values()]))
    names.set(
      value,
      value.op.emit(
        emitter,
        value.inputs.map((v) => names.get(v)!),
        value.attrs,
        value,
      ),
    );

  // A result goes by its name from the node on that makes it; a copy is made only of inputs, constants and what has a name already.
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const outputs: OnnxValueInfo[] = [];
  for (const [name, value] of results) {
    const made = names.get(value)!;
    if (produced.has(made) && !renamed.has(made)) renamed.set(made, name);
    else nodes.push({ opType: "Identity", inputs: [made], outputs: [name], attributes: {} });
    outputs.push({ name, elementType: ONNX_FLOAT, shape: dims(value.shape) });
  }
  const rename = (list: readonly string[]): string[] => list.map((name) => renamed.get(name) ?? name);
  const named = nodes.map((node) => ({ ...node, inputs: rename(node.inputs), outputs: rename(node.outputs) }));
  return encodeOnnx({ nodes: named, initializers, inputs, outputs }, metadata);
}
