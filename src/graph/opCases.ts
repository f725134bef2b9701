/**
 * One small case per op and per shape that some provider is known to get wrong: what the contract suite differentiates
 * and what the self-test runs on every provider.
 */

import { tensor } from "../tensor/tensor.ts";
import { grad } from "./grad.ts";
import { graph } from "./graph.ts";
import {
  add,
  clip,
  concat,
  constant,
  conv,
  convTranspose,
  div,
  exp,
  expand,
  fir,
  gatherPixels,
  input,
  leakyRelu,
  log,
  matmul,
  maxPool,
  mul,
  neg,
  pad,
  reduceMax,
  reduceSum,
  reshape,
  scatterPixels,
  sigmoid,
  slice,
  sqrt,
  sub,
  tanh,
  transpose,
  withGradient,
} from "./ops/index.ts";
import type { Graph, Value } from "./value.ts";

export interface OpCase {
  readonly name: string;
  /** Shapes of the inputs, fed in this order. */
  readonly shapes: readonly (readonly number[])[];
  /** The domain that inputs are drawn from; default [-1.5, 1.5]. */
  readonly domain?: readonly [number, number];
  readonly build: (...inputs: Value[]) => Value;
}

const positive = [0.5, 2] as const;

export const opCases: readonly OpCase[] = [
  {
    name: "add, broadcast",
    shapes: [
      [2, 3, 4],
      [3, 1],
    ],
    build: (a, b) => add(a, b),
  },
  {
    name: "sub, broadcast",
    shapes: [
      [3, 1],
      [2, 3, 4],
    ],
    build: (a, b) => sub(a, b),
  },
  { name: "mul, broadcast", shapes: [[2, 3, 4], [4]], build: (a, b) => mul(a, b) },
  {
    name: "div",
    shapes: [
      [2, 3],
      [2, 1],
    ],
    domain: positive,
    build: (a, b) => div(a, b),
  },
  {
    name: "fir, uneven zeros",
    shapes: [[2, 3, 4, 5]],
    build: (x) => fir(x, tensor([3, 3], Float32Array.from([1, 2, -1, 0.5, 3, 1, -2, 0, 1])), [2, 1]),
  },
  { name: "neg", shapes: [[5]], build: neg },
  { name: "sqrt", shapes: [[2, 3]], domain: positive, build: sqrt },
  { name: "exp", shapes: [[2, 3]], build: exp },
  { name: "log", shapes: [[2, 3]], domain: positive, build: log },
  { name: "tanh", shapes: [[2, 3]], build: tanh },
  { name: "sigmoid", shapes: [[2, 3]], build: sigmoid },
  { name: "leakyRelu", shapes: [[3, 7]], build: (x) => leakyRelu(x, 0.2) },
  { name: "relu", shapes: [[3, 7]], build: (x) => leakyRelu(x, 0) },
  { name: "clip", shapes: [[3, 7]], build: (x) => clip(x, -0.7, 0.9) },
  {
    name: "matmul",
    shapes: [
      [3, 4],
      [4, 5],
    ],
    build: matmul,
  },
  {
    name: "matmul, batched",
    shapes: [
      [2, 1, 3, 4],
      [3, 4, 2],
    ],
    build: matmul,
  },
  { name: "reshape", shapes: [[2, 6]], build: (x) => reshape(x, [3, 4]) },
  { name: "transpose", shapes: [[2, 3, 4]], build: (x) => transpose(x, [2, 0, 1]) },
  { name: "expand", shapes: [[3, 1]], build: (x) => expand(x, [2, 3, 4]) },
  { name: "reduceSum", shapes: [[2, 3, 4]], build: (x) => reduceSum(x, [0, 2]) },
  { name: "reduceMax", shapes: [[2, 3, 4]], build: (x) => reduceMax(x, [0, 2]) },
  { name: "maxPool 2x2", shapes: [[2, 3, 4, 5]], build: (x) => maxPool(x, { kernel: 2 }) },
  {
    name: "maxPool 3x3, stride 2, padding 1",
    shapes: [[2, 3, 6, 5]],
    build: (x) => maxPool(x, { kernel: 3, stride: 2, padding: 1 }),
  },
  {
    name: "withGradient, a product of three",
    shapes: [[2, 3], [3]],
    build: (a, b) =>
      withGradient(mul(mul(a, a), b), [a, b], (g) => [
        mul(mul(g, a), mul(b, 2)),
        reshape(reduceSum(mul(g, mul(a, a)), [0]), [3]),
      ]),
  },
  {
    name: "concat",
    shapes: [
      [2, 3],
      [2, 1],
    ],
    build: (a, b) => concat([a, b], 1),
  },
  { name: "slice", shapes: [[4, 5]], build: (x) => slice(x, [1, 2], [2, 3]) },
  {
    name: "gatherPixels",
    shapes: [[2, 3, 4]],
    build: (x) => gatherPixels(x, constant([2, 5], [3, 0, 0, 2, 1, 1, 1, 3, 2, 0])),
  },
  {
    name: "scatterPixels",
    shapes: [[2, 3, 5]],
    build: (x) => scatterPixels(x, constant([2, 5], [3, 0, 0, 2, 1, 1, 1, 3, 2, 0]), 4),
  },
  { name: "pad", shapes: [[2, 3]], build: (x) => pad(x, [1, 0], [0, 2]) },
  ...[1, 3, 4, 6, 9, 15].map((channels) => ({
    name: `conv 3x3, ${channels} channels`,
    shapes: [
      [1, channels, 4, 3],
      [2, channels, 3, 3],
    ],
    build: (x: Value, w: Value) => conv(x, w, { padding: 1 }),
  })),
  {
    name: "conv 1x1",
    shapes: [
      [2, 6, 4, 4],
      [3, 6, 1, 1],
    ],
    build: (x, w) => conv(x, w),
  },
  {
    name: "conv with a bias",
    shapes: [[2, 3, 4, 4], [5, 3, 3, 3], [5]],
    build: (x, w, bias) => conv(x, w, { padding: 1, bias }),
  },
  {
    name: "conv, stride 2, odd",
    shapes: [
      [2, 3, 5, 9],
      [4, 3, 3, 3],
    ],
    build: (x, w) => conv(x, w, { stride: 2 }),
  },
  {
    name: "conv, stride 2",
    shapes: [
      [1, 2, 7, 6],
      [3, 2, 3, 3],
    ],
    build: (x, w) => conv(x, w, { stride: 2, padding: 1 }),
  },
  {
    name: "conv, dilation 2",
    shapes: [
      [1, 2, 7, 7],
      [2, 2, 3, 3],
    ],
    build: (x, w) => conv(x, w, { dilation: 2, padding: 2 }),
  },
  {
    name: "convTranspose, stride 2",
    shapes: [
      [2, 3, 4, 3],
      [3, 2, 3, 3],
    ],
    build: (x, w) => convTranspose(x, w, { stride: 2 }),
  },
  {
    name: "convTranspose 4x4, stride 2, padding 1",
    shapes: [
      [1, 1, 4, 4],
      [1, 1, 4, 4],
    ],
    build: (x, w) => convTranspose(x, w, { stride: 2, padding: 1 }),
  },
  {
    name: "convTranspose, stride 1",
    shapes: [
      [2, 3, 5, 5],
      [3, 6, 3, 3],
    ],
    build: (x, w) => convTranspose(x, w, { padding: 1 }),
  },
];

/** The case's result `y` and the gradient of sum(y * r) with respect to each input `d0`, `d1`, ...; r is one more input. */
export function caseGraph({ shapes, build }: OpCase): Graph {
  const inputs = shapes.map((shape, i) => input(`x${i}`, shape));
  const y = build(...inputs);
  const r = input("r", y.shape);
  const gradients = grad(y, inputs, r).map((d, i) => [`d${i}`, d] as const);
  return graph({ y, ...Object.fromEntries(gradients) });
}

/** Inputs of a case, the same at every call: a fixed low-discrepancy sequence over its domain. */
export function caseFeeds({ domain: [low, high] = [-1.5, 1.5] }: OpCase, { inputs }: Graph): Map<string, Float32Array> {
  const golden = 0.6180339887498949;
  let n = 0;
  return new Map(
    [...inputs].map(([name, value]) => {
      const size = value.shape.reduce((a, b) => a * b, 1);
      return [name, Float32Array.from({ length: size }, () => low + (high - low) * ((++n * golden) % 1))];
    }),
  );
}
