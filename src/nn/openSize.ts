/**
 * Changes of size that run on maps of any size once they are written as ONNX. They compute what `resample` and `pooling` compute as
 * products with constant matrices, which is faster to train but holds for one size alone.
 */
import type { Emitter } from "../graph/emitter.ts";
import { grad } from "../graph/grad.ts";
import { evaluateGraph, graph } from "../graph/graph.ts";
import { input } from "../graph/ops/index.ts";
import { apply, type Op, type Value } from "../graph/value.ts";
import { averagePool, globalAveragePool } from "./pooling.ts";
import { bilinearMatrix, resize } from "./resample.ts";

/** An op that computes what `same` does, at the size at hand, and is written otherwise. */
const openSizeOp = (
  name: string,
  same: (x: Value, like: Value) => Value,
  emit: (emitter: Emitter, inputs: readonly string[]) => string,
): Op => ({
  name,
  shape: ([x, like = x]) => same(x, like).shape,
  emit,
  gradient: (g, { inputs: [x, like = x] }, i) => (i === 0 ? grad(same(x, like), [x], g)[0] : undefined),
  evaluate: ([x], _, { inputs: [{ shape }, like] }) => {
    const fed = input("x", shape);
    return evaluateGraph(graph({ y: same(fed, like ?? fed) }), new Map([["x", x]])).get("y") as Float64Array;
  },
});

const resizeLikeOp = openSizeOp(
  "ResizeLike",
  (x, like) => resize(x, [like.shape[2], like.shape[3]], bilinearMatrix),
  (emitter, [x, like]) => {
    const sizes = (of: string, from: number, to: number): string =>
      emitter.node("Slice", [emitter.node("Shape", [of]), emitter.int64([from]), emitter.int64([to])]);
    const size = emitter.node("Concat", [sizes(x, 0, 2), sizes(like, 2, 4)], { axis: { int: 0 } });
    const modes = { mode: { string: "linear" }, coordinate_transformation_mode: { string: "half_pixel" } };
    return emitter.node("Resize", [x, "", "", size], modes);
  },
);

const halvedOp = openSizeOp(
  "Halved",
  (x) => averagePool(x, { kernel: 2 }),
  (emitter, inputs) =>
    emitter.node("AveragePool", inputs, { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } }),
);

const meanOp = openSizeOp("MeanOfMap", globalAveragePool, (emitter, inputs) =>
  emitter.node("GlobalAveragePool", inputs),
);

/** x [N,C,h,w] interpolated to the size of `like` [..,H,W], as `bilinearMatrix` does: [N,C,H,W]. */
export const resizeLike = (x: Value, like: Value): Value => apply(resizeLikeOp, [x, like], undefined);

/** Means of 2 x 2 pixels of x [N,C,H,W]; a last odd row or column is left out. */
export const halved = (x: Value): Value => apply(halvedOp, [x], undefined);

/** Means over all pixels of x [N,C,H,W]: [N,C,1,1]. */
export const meanOfMap = (x: Value): Value => apply(meanOp, [x], undefined);
