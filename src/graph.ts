/** `klish/graph`: graphs of ops with derivatives of any order, ONNX, and the sessions that run them. No Node, no browser. */
export { type EmitOptions, toOnnx } from "./graph/emit.ts";
export { grad } from "./graph/grad.ts";
export { evaluateGraph, graph } from "./graph/graph.ts";
export { OnnxError } from "./graph/onnxModel.ts";
export * from "./graph/ops/index.ts";
export { printGraph } from "./graph/print.ts";
export { simplify } from "./graph/simplify.ts";
export type { Graph, Op, Operand, Value } from "./graph/value.ts";
export type {
  Feeds,
  Fetches,
  Provider,
  ProviderChoice,
  ResidentTensor,
  Runtime,
  Session,
  SessionOptions,
} from "./runtime/session.ts";
export { RuntimeError } from "./runtime/session.ts";
export type { JobOptions, Progress } from "./tensor/progress.ts";
export { RandomState } from "./tensor/random.ts";
export { type AnyTensor, type DType, type Tensor, tensor } from "./tensor/tensor.ts";
