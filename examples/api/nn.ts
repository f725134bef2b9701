/** `klish/nn`: layers, losses, optimisers, schedules, as functions of values. `npx tsx examples/api/nn.ts` */
import { constant, evaluateGraph, grad, graph, input, reduceSum, square, sub, type Value } from "klish/graph";
import {
  adam,
  adamFeeds,
  adamInputs,
  areaMatrix,
  averagePool,
  batchNorm,
  bilinearMatrix,
  cosineDecay,
  crossEntropy,
  filled,
  frozenBatchNorm,
  globalAveragePool,
  initialTensors,
  logSoftmax,
  momentumDescent,
  movingAverage,
  nearestMatrix,
  normal,
  parameterInputs,
  polynomialDecay,
  resample,
  resize,
  runningStatistics,
  softmax,
  trainedNames,
  warmUp,
} from "klish/nn";

const show = (value: Value): string =>
  Array.from(evaluateGraph(graph({ value }), new Map()).get("value") ?? [], (x) => +x.toFixed(3)).join();
const maps = (shape: readonly number[], ...data: number[]): Value => constant(shape, data);

// Resampling is two products with matrices, one for each axis; each matrix is a rule.
const map = maps([1, 1, 2, 2], 0, 2, 4, 6);
console.log(show(resize(map, [1, 4], bilinearMatrix))); // 2,2.5,3.5,4
console.log(show(resize(map, [1, 1], areaMatrix)), show(resize(map, [1, 4], nearestMatrix))); // 3 0,0,2,2
console.log(show(resample(map, areaMatrix(2, 1), nearestMatrix(2, 2)))); // 2,4
console.log(show(averagePool(map, { kernel: 2 })), show(globalAveragePool(map))); // 3 3

// Classes lie along an axis; a pixel that does not count has zeros as its target.
const logits = maps([1, 2, 2], 0, 1, 0, 3);
console.log(show(softmax(logits, 1)), show(logSoftmax(logits, 1))); // 0.5,0.119,0.5,0.881 -0.693,-2.127,-0.693,-0.127
console.log(show(crossEntropy(logits, maps([1, 2, 2], 1, 0, 0, 1)))); // 0.41

// Batch normalisation, in training and by what it has seen.
const affine = { scale: maps([1], 1), shift: maps([1], 0) };
const { y, mean, variance } = batchNorm(map, affine);
console.log(show(y), show(mean), show(variance)); // -1.342,-0.447,0.447,1.342 3 5
const seen = runningStatistics({ mean: maps([1], 0), variance: maps([1], 1) }, { mean, variance }, { count: 4 });
console.log(show(seen.mean), show(seen.variance), show(frozenBatchNorm(map, affine, seen))); // 0.3 1.567 -0.24,1.358,2.956,4.554

// A network says which weights it has; the same seed gives the same first values.
const table = new Map([
  ["weight", normal([2, 2], 0.1)],
  ["bias", filled([2])],
  ["average", { ...filled([2], 1), trained: false }],
]);
console.log(trainedNames(table), initialTensors(table, 0).get("bias")?.data); // [ 'weight', 'bias' ] Float32Array(2) [ 0, 0 ]
console.log([...parameterInputs(table, "net.").values()].map(({ shape }) => shape)); // [ [ 2, 2 ], [ 2 ], [ 2 ] ]

// One step of Adam on (p - 3)^2, from p = 0: the weights, moments and rates are inputs and outputs, nothing is hidden.
const p = input("p", [1]);
const m = input("m", [1]);
const v = input("v", [1]);
const [slope] = grad(reduceSum(square(sub(p, 3))), [p]);
const step = adam(p, slope, { mean: m, square: v }, adamInputs());
const feeds = Object.entries({ p: 0, m: 0, v: 0, ...adamFeeds(1, 0.01) }).map(([k, x]) => [k, [x]] as const);
const after = evaluateGraph(graph({ next: step.parameter }), new Map(feeds)).get("next");
console.log(after?.[0].toFixed(4)); // 0.0100

// Descent with momentum, and an average of weights.
const descent = momentumDescent(maps([1], 1), maps([1], 0.5), maps([1], 0.25), { momentum: 0.9 });
console.log(show(descent.parameter), show(descent.velocity)); // 0.275 0.725
console.log(show(movingAverage(maps([1], 10), maps([1], 20), maps([1], 0.9)))); // 11

// Schedules are functions of the step.
const rate = warmUp(10, cosineDecay(100));
console.log(rate(0), rate(9).toFixed(3), rate(100)); // 0.1 0.980 0
console.log(polynomialDecay(100)(50).toFixed(3)); // 0.536
