import { describe, expect, it } from "vitest";
import { evaluateGraph, graph } from "../../src/graph/graph.ts";
import { convOp } from "../../src/graph/ops/conv.ts";
import { convInputGradientOp } from "../../src/graph/ops/convInputGradient.ts";
import { type ConvAttrs, type ConvOptions, convAttrs } from "../../src/graph/ops/convolution.ts";
import { convWeightGradientOp } from "../../src/graph/ops/convWeightGradient.ts";
import { input } from "../../src/graph/ops/index.ts";
import {
  winogradConv,
  winogradInputGradient,
  winogradPays,
  winogradWeightGradient,
} from "../../src/graph/ops/winograd.ts";
import { apply, type Op } from "../../src/graph/value.ts";
import { ortNode } from "../../src/runtime/ortNode.ts";
import { compile } from "../../src/runtime/session.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";

/** The ops, always written in this way. */
const ops: readonly Op<ConvAttrs>[] = [
  { ...convOp, emit: (emitter, [x, w], attrs) => winogradConv(emitter, x, w, attrs) },
  { ...convInputGradientOp, emit: (emitter, [dy, w], attrs) => winogradInputGradient(emitter, dy, w, attrs) },
  { ...convWeightGradientOp, emit: (emitter, [x, dy], attrs) => winogradWeightGradient(emitter, x, dy, attrs) },
];

const geometry = (x: readonly number[], outputs: number, options: ConvOptions): ConvAttrs =>
  convAttrs("Conv", x, [outputs, x[1], 3, 3], options);

describe("convolutions by Winograd's filtering", () => {
  it.each<[string, readonly number[], ConvOptions]>([
    ["whole tiles", [2, 3, 8, 8], { padding: 1 }],
    ["tiles that end outside", [2, 3, 7, 5], { padding: 1 }],
    ["no padding", [1, 2, 6, 9], {}],
    ["more padding than the kernel reads", [1, 2, 5, 4], { padding: 3 }],
    ["less than a tile", [3, 2, 1, 2], { padding: 1 }],
    ["dilation", [2, 3, 9, 11], { padding: 2, dilation: 2 }],
    ["dilation beyond the map", [2, 3, 3, 4], { padding: 6, dilation: 6 }],
  ])("agree with the ops' definitions: %s", async (_, x, options) => {
    const attrs = geometry(x, 4, options);
    const random = new RandomState(1);
    const [xs, ws, ys] = [attrs.x, attrs.w, attrs.y].map((shape) => {
      const t = tensor(shape);
      for (let i = 0; i < t.data.length; i++) t.data[i] = random.randn();
      return t;
    });
    const [xIn, wIn, dyIn] = [input("x", attrs.x), input("w", attrs.w), input("dy", attrs.y)];
    const [conv, inputGradient, weightGradient] = ops;
    const g = graph({
      y: apply(conv, [xIn, wIn], attrs),
      dx: apply(inputGradient, [dyIn, wIn], attrs),
      dw: apply(weightGradient, [xIn, dyIn], attrs),
    });
    const expected = evaluateGraph(
      g,
      new Map([
        ["x", xs.data],
        ["w", ws.data],
        ["dy", ys.data],
      ]),
    );
    const session = await compile(g, { runtime: ortNode, threads: 1 });
    const got = await session.run({ x: xs, w: ws, dy: ys });
    await session.dispose();
    for (const [name, values] of expected) {
      const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const error = values.reduce((most, v, i) => Math.max(most, Math.abs(v - Number(got[name].data[i]))), 0);
      expect(error / largest, name).toBeLessThan(5e-6);
    }
  });

  it("are for many channels on maps of some pixels", () => {
    expect(winogradPays(geometry([16, 512, 16, 16], 512, { padding: 1 }))).toBe(true);
    expect(winogradPays(geometry([16, 512, 16, 16], 512, { padding: 4, dilation: 4 }))).toBe(true);
    expect(winogradPays(geometry([8, 256, 32, 32], 256, { padding: 1 }))).toBe(true);
    // Passes over the maps cost more than the products that they save; and the kernels' own matrices do.
    expect(winogradPays(geometry([8, 32, 64, 64], 32, { padding: 1 }))).toBe(false);
    expect(winogradPays(geometry([8, 128, 32, 32], 128, { padding: 1 }))).toBe(false);
    expect(winogradPays(geometry([8, 512, 4, 4], 512, { padding: 1 }))).toBe(false);
    // Only 3x3 kernels with stride 1.
    expect(winogradPays(geometry([16, 512, 16, 16], 512, { padding: 1, stride: 2 }))).toBe(false);
    expect(winogradPays(convAttrs("Conv", [16, 512, 16, 16], [512, 512, 1, 1], {}))).toBe(false);
  });
});
