import { expect, it } from "vitest";
import { grad } from "../../src/graph/grad.ts";
import { graph } from "../../src/graph/graph.ts";
import { add, constant, conv, fir, input, leakyRelu, mul, reduceSum, reshape } from "../../src/graph/ops/index.ts";
import { printGraph } from "../../src/graph/print.ts";
import { simplify } from "../../src/graph/simplify.ts";
import { tensor } from "../../src/tensor/tensor.ts";

it("printGraph() shows every node with its shape, operands and the attributes that shapes do not tell", () => {
  const x = input("x", [1, 2, 4, 4]);
  const weight = mul(constant([3, 2, 3, 3], new Float32Array(54).fill(2)), 0.5);
  const y = leakyRelu(add(conv(x, weight, { padding: 1 }), constant([1, 3, 1, 1], [1, 2, 3])), 0.2);
  const smooth = fir(y, tensor([2, 2], Float32Array.of(1, 1, 1, 1)), [1, 0]);
  expect(printGraph(graph({ y: reshape(smooth, [3, 16]) }))).toBe(
    `x [1,2,4,4] = Input
#1 [3,2,3,3] = Constant
%1 [3,2,3,3] = Mul(#1, 0.5)
%2 [1,3,4,4] = Conv(x, %1) {stride=1, padding=1, dilation=1}
%3 [1,3,4,4] = Add(%2, {1, 2, 3})
%4 [1,3,4,4] = LeakyRelu(%3) {slope=0.2}
%5 [1,3,4,4] = Fir(%4) {kernel=[2,2], before=1, after=0}
%6 [3,16] = Reshape(%5)
y [3,16] = Output(%6)
6 nodes; constants: 1 large, 58 numbers in all
`,
  );
});

it("printGraph() of a simplified gradient shows what will run", () => {
  const x = input("x", [2, 3]);
  const [d] = grad(reduceSum(mul(mul(x, x), 0.5)), [x]);
  expect(printGraph(simplify(graph({ d })))).toBe(
    `x [2,3] = Input
%1 [2,3] = Mul(0.5, x)
%2 [2,3] = Add(%1, %1)
d [2,3] = Output(%2)
2 nodes; constants: 0 large, 1 numbers in all
`,
  );
});
