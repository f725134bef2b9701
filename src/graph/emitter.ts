import type { Attributes } from "./onnxModel.ts";

/** What an op sees while it writes itself: nodes and constants by name, equal ones written once. */
export interface Emitter {
  readonly portable: boolean;
  /** Whether the model runs on inputs of the graph's own shapes alone. */
  readonly fixedShapes: boolean;
  /** Returns the name of the node's first result; the k-th of further `results` is called `<name>/k`, from 1. */
  node(opType: string, inputs: readonly string[], attributes?: Attributes, results?: number): string;
  float32(data: ArrayLike<number>, shape: readonly number[]): string;
  int64(data: readonly number[]): string;
  /** `half`: fed in half precision, and widened. */
  input(name: string, shape: readonly number[], half: boolean): string;
}
