import { broadcastShape, broadcastStrides, forEachOffset } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import { apply, type Op, type Value } from "../value.ts";
import { sumTo } from "./sumTo.ts";
import { swapLastAxes } from "./transpose.ts";

export const matmulOp: Op = {
  name: "MatMul",
  shape: ([a, b]) => {
    if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-1) !== b.shape.at(-2))
      throw new RangeError(`MatMul: expected [...,m,k] and [...,k,n], got [${a.shape}] and [${b.shape}]`);
    return [...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), a.shape.at(-2)!, b.shape.at(-1)!];
  },
  emit: (emitter, inputs) => emitter.node("MatMul", inputs),
  // Y = A B: dA = G B^T, dB = A^T G, summed over broadcast batch axes
  gradient: (g, y, i) => {
    const [a, b] = y.inputs;
    return i === 0 ? sumTo(matmul(g, swapLastAxes(b)), a) : sumTo(matmul(swapLastAxes(a), g), b);
  },
  products: (y) => sizeOf(y.shape) * y.inputs[0].shape.at(-1)!,
  evaluate: ([a, b], _, y) => {
    const [av, bv] = y.inputs;
    const [m, k, n] = [av.shape.at(-2)!, av.shape.at(-1)!, bv.shape.at(-1)!];
    const batch = y.shape.slice(0, -2);
    const out = new Float64Array(sizeOf(y.shape));
    const starts = (v: Value, step: number): number[] => {
      const list: number[] = [];
      forEachOffset(batch, broadcastStrides(v.shape.slice(0, -2), batch), (_flat, at) => list.push(at * step));
      return list;
    };
    const aStarts = starts(av, m * k);
    const bStarts = starts(bv, k * n);
    aStarts.forEach((a0, t) => {
      for (let i = 0; i < m; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) sum += a[a0 + i * k + l] * b[bStarts[t] + l * n + j];
          out[(t * m + i) * n + j] = sum;
        }
    });
    return out;
  },
};

/** Matrix product over the last two axes, [...,m,k] x [...,k,n]; leading axes broadcast. */
export const matmul = (a: Value, b: Value): Value => apply(matmulOp, [a, b], undefined);
