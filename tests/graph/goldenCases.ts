/** Op cases, and compositions of ops in `nn`, whose derivatives are compared with PyTorch's: goldens.py has the same by name. */
import { grad } from "../../src/graph/grad.ts";
import { graph } from "../../src/graph/graph.ts";
import { type OpCase, opCases } from "../../src/graph/opCases.ts";
import { add, input, mul, reduceSum, reshape, square } from "../../src/graph/ops/index.ts";
import type { Graph } from "../../src/graph/value.ts";
import { batchNorm, frozenBatchNorm } from "../../src/nn/batchNorm.ts";
import { dilatedConv } from "../../src/nn/dilatedConv.ts";
import { softplus } from "../../src/nn/losses.ts";
import { averagePool, globalAveragePool } from "../../src/nn/pooling.ts";
import { areaMatrix, bilinearMatrix, nearestMatrix, resize } from "../../src/nn/resample.ts";
import { logSoftmax, softmax } from "../../src/nn/softmax.ts";
import { modulatedConv } from "../../src/nn/styleLayers.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { sizeOf } from "../../src/tensor/tensor.ts";

export const goldenCases: readonly OpCase[] = [
  ...opCases,
  {
    name: "batchNorm",
    shapes: [[3, 2, 3, 4], [2], [2]],
    build: (x, scale, shift) => batchNorm(x, { scale, shift }).y,
  },
  {
    name: "frozenBatchNorm",
    shapes: [[3, 2, 3, 4], [2], [2], [2], [2]],
    domain: [0.5, 2],
    build: (x, scale, shift, mean, variance) => frozenBatchNorm(x, { scale, shift }, { mean, variance }),
  },
  { name: "bilinear, larger", shapes: [[2, 3, 4, 3]], build: (x) => resize(x, [7, 6], bilinearMatrix) },
  { name: "bilinear, smaller", shapes: [[1, 2, 7, 8]], build: (x) => resize(x, [3, 5], bilinearMatrix) },
  {
    name: "bilinear, aligned corners",
    shapes: [[1, 2, 4, 3]],
    build: (x) => resize(x, [7, 5], (from, to) => bilinearMatrix(from, to, { alignCorners: true })),
  },
  { name: "area", shapes: [[1, 2, 7, 6]], build: (x) => resize(x, [3, 4], areaMatrix) },
  { name: "nearest", shapes: [[1, 2, 3, 4]], build: (x) => resize(x, [7, 3], nearestMatrix) },
  {
    name: "averagePool 3x3, stride 2, padding 1",
    shapes: [[1, 2, 7, 6]],
    build: (x) => averagePool(x, { kernel: 3, stride: 2, padding: 1 }),
  },
  {
    name: "averagePool without the padding",
    shapes: [[1, 2, 7, 6]],
    build: (x) => averagePool(x, { kernel: 3, stride: 2, padding: 1, countPadding: false }),
  },
  { name: "globalAveragePool", shapes: [[2, 3, 4, 3]], build: globalAveragePool },
  { name: "softmax", shapes: [[2, 3, 2, 2]], build: (x) => softmax(x, 1) },
  { name: "logSoftmax", shapes: [[2, 3, 2, 2]], build: (x) => logSoftmax(x, 1) },
  { name: "softplus", shapes: [[2, 5]], domain: [-3, 3], build: softplus },
  {
    name: "modulatedConv, demodulated",
    shapes: [
      [2, 3, 4, 4],
      [2, 3],
      [4, 3, 3, 3],
    ],
    build: (x, style, weight) => modulatedConv(x, style, weight, { demodulateTo: Math.SQRT2 }),
  },
  {
    name: "dilatedConv, taps that read little",
    shapes: [[2, 3, 4, 5], [2, 3, 3, 3], [2]],
    build: (x, w, bias) => dilatedConv(x, w, { dilation: 3, bias }),
  },
  {
    name: "dilatedConv, one tap that reads",
    shapes: [
      [2, 3, 4, 3],
      [2, 3, 3, 3],
    ],
    build: (x, w) => dilatedConv(x, w, { dilation: 5 }),
  },
];

/**
 * y, the gradients `d<i>` of sum(y r), and the gradients `dd<i>` of half the squared norm of all `d`: what R1 and
 * path-length penalties differentiate.
 */
export function goldenGraph({ shapes, build }: OpCase): Graph {
  const inputs = shapes.map((shape, i) => input(`x${i}`, shape));
  const y = build(...inputs);
  const first = grad(y, inputs, input("r", y.shape));
  const penalty = first.map((d) => reshape(reduceSum(mul(square(d), 0.5)), [1])).reduce((sum, term) => add(sum, term));
  const named = [
    ...first.map((d, i) => [`d${i}`, d] as const),
    ...grad(penalty, inputs).map((d, i) => [`dd${i}`, d] as const),
  ];
  return graph({ y, ...Object.fromEntries(named) });
}

/** Inputs x0, x1, ... and r, one after another from NumPy's RandomState(seed).random_sample, over the case's domain. */
export function goldenFeeds(
  { domain: [low, high] = [-1.5, 1.5] }: OpCase,
  { inputs }: Graph,
  seed: number,
): Map<string, Float32Array> {
  const random = new RandomState(seed);
  return new Map(
    [...inputs.keys()]
      .sort((a, b) => (a === "r" ? 1 : b === "r" ? -1 : a.localeCompare(b)))
      .map((name) => [
        name,
        Float32Array.from(
          { length: sizeOf(inputs.get(name)!.shape) },
          () => low + (high - low) * random.randomSample(),
        ),
      ]),
  );
}
