/** `klish/graph`: ops, derivatives of any order, ONNX. `npx tsx examples/api/graph.ts` */
import {
  add,
  clip,
  concat,
  constant,
  conv,
  convTranspose,
  div,
  evaluateGraph,
  exp,
  expand,
  fir,
  gatherPixels,
  grad,
  graph,
  input,
  leakyRelu,
  log,
  matmul,
  maxMask,
  maxPool,
  mul,
  neg,
  pad,
  printGraph,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  scatterPixels,
  sigmoid,
  simplify,
  slice,
  sqrt,
  square,
  stopGradient,
  sub,
  tanh,
  tensor,
  toOnnx,
  transpose,
  type Value,
  withGradient,
} from "klish/graph";

/** A value of constants, as numbers. A session computes in float32; this is the definition, in float64. */
const show = (value: Value): string =>
  Array.from(evaluateGraph(graph({ value }), new Map()).get("value") ?? [], (x) => +x.toFixed(3)).join();
const values = (...data: number[]): Value => constant([data.length], data);
const maps = (shape: readonly number[], ...data: number[]): Value => constant(shape, data);

// A function of two inputs, its value and its derivatives at a point.
const x = input("x", [3]);
const w = input("w", [3]);
const loss = reduceSum(square(sub(mul(x, w), 1)));
const [dw] = grad(loss, [w]);
const point = new Map([
  ["x", [1, 2, 3]],
  ["w", [1, 1, 1]],
]);
const found = evaluateGraph(graph({ loss, dw }), point);
console.log(found.get("loss"), found.get("dw")); // Float64Array(1) [ 5 ] Float64Array(3) [ 0, 4, 12 ]
const [second] = grad(reduceSum(dw), [w]);
console.log(evaluateGraph(graph({ second }), point).get("second")); // Float64Array(3) [ 2, 8, 18 ]

// Numbers beside values are constants, and shapes broadcast as NumPy's do.
const [a, b] = [values(1, 2, 3), values(4, 2, 1)];
console.log(show(add(a, b)), show(sub(a, b)), show(mul(a, b)), show(div(a, b)), show(neg(a))); // 5,4,4 -3,0,2 4,4,3 0.25,1,3 -1,-2,-3
console.log(show(exp(values(0, 1))), show(log(values(1, 10))), show(sqrt(values(4, 9)))); // 1,2.718 0,2.303 2,3
console.log(show(tanh(values(-1, 0))), show(sigmoid(values(0, 2))), show(leakyRelu(values(-1, 1)))); // -0.762,0 0.5,0.881 -0.2,1
console.log(show(clip(values(-2, 0, 2), -1, 1)), show(expand(values(7), [3]))); // -1,0,1 7,7,7

// Shapes.
const rows = maps([2, 3], 1, 2, 3, 4, 5, 6);
console.log(show(transpose(rows, [1, 0])), transpose(rows, [1, 0]).shape); // 1,4,2,5,3,6 [ 3, 2 ]
console.log(reshape(rows, [3, 2]).shape, show(slice(rows, [0, 1], [2, 1])), pad(rows, [0, 1], [0, 2]).shape); // [ 3, 2 ] 2,5 [ 2, 6 ]
console.log(show(concat([a, b], 0)), show(matmul(rows, transpose(rows, [1, 0])))); // 1,2,3,4,2,1 14,32,32,77
console.log(show(reduceSum(rows, [1])), show(reduceMean(rows)), show(reduceMax(rows, [0]))); // 6,15 3.5 4,5,6
console.log(show(maxMask(rows, reduceMax(rows, [1])))); // 0,0,1,0,0,1

// Maps [N,C,H,W].
const map = maps([1, 1, 2, 2], 1, 2, 3, 4);
const kernel = maps([1, 1, 2, 2], 1, 0, 0, 1);
console.log(show(conv(map, kernel)), show(convTranspose(map, kernel))); // 5 1,2,0,3,5,2,0,3,4
console.log(show(maxPool(map, { kernel: 2 })), show(fir(map, tensor([1, 1], Float32Array.of(0.5)), [0, 0]))); // 4 0.5,1,1.5,2
const pixels = maps([1, 1, 4], 10, 20, 30, 40);
const places = maps([1, 3], 3, 0, 3);
console.log(show(gatherPixels(pixels, places)), show(scatterPixels(maps([1, 1, 3], 1, 2, 3), places, 4))); // 40,10,40 2,0,0,4

// A derivative of one's own, and none.
const rounded = withGradient(clip(w, 0, 1), [w], (g) => [g]);
const [through] = grad(reduceSum(rounded), [w]);
const [none] = grad(reduceSum(add(w, stopGradient(mul(w, 9)))), [w]);
const slopes = evaluateGraph(graph({ through, none }), new Map([["w", [-1, 0.5, 2]]]));
console.log(slopes.get("through"), slopes.get("none")); // Float64Array(3) [ 1, 1, 1 ] Float64Array(3) [ 1, 1, 1 ]

// What a session runs: fewer nodes, and ONNX.
const doubled = graph({ y: add(mul(input("z", [2]), 1), 0) });
console.log(printGraph(simplify(doubled)).split("\n").length < printGraph(doubled).split("\n").length); // true
const model = toOnnx(graph({ y: tanh(input("z", [1, 8])) }), { dynamicBatch: true });
console.log(model instanceof Uint8Array); // true
