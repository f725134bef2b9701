/** What the elementwise ops share. Imports no op, so that ops may call it while their modules load. */
import { broadcastShape, broadcastStrides, forEachOffset } from "../../tensor/shape.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { Op, Value } from "../value.ts";

type Derivative = (g: Value, a: Value, b: Value, y: Value) => Value;

/**
 * An op y = f(a, b) with NumPy broadcasting. `da`, `db` give the gradients to a and b, summed back over stretched axes
 * (`sumTo`).
 */
export function binaryOp(name: string, f: (a: number, b: number) => number, da: Derivative, db: Derivative): Op {
  return {
    name,
    shape: ([a, b]) => {
      try {
        return broadcastShape(a.shape, b.shape);
      } catch (cause) {
        throw new RangeError(`${name}: ${(cause as Error).message}`, { cause });
      }
    },
    emit: (emitter, inputs) => emitter.node(name, inputs),
    gradient: (g, y, i) => {
      const [a, b] = y.inputs;
      return (i === 0 ? da : db)(g, a, b, y);
    },
    evaluate: ([a, b], _, y) => {
      const out = new Float64Array(sizeOf(y.shape));
      // Folding runs this over millions of weights; without strides it takes half the time.
      if (a.length === out.length && b.length === out.length) {
        for (let i = 0; i < out.length; i++) out[i] = f(a[i], b[i]);
        return out;
      }
      forEachOffset(y.shape, broadcastStrides(y.inputs[0].shape, y.shape), (i, at) => {
        out[i] = a[at];
      });
      forEachOffset(y.shape, broadcastStrides(y.inputs[1].shape, y.shape), (i, at) => {
        out[i] = f(out[i], b[at]);
      });
      return out;
    },
  };
}

/** An op y = f(x); `dx` gives g f'(x), from x and y. */
export function unaryOp(name: string, f: (x: number) => number, dx: (g: Value, x: Value, y: Value) => Value): Op {
  return {
    name,
    shape: ([x]) => x.shape,
    emit: (emitter, inputs) => emitter.node(name, inputs),
    gradient: (g, y) => dx(g, y.inputs[0], y),
    evaluate: ([x]) => x.map(f),
  };
}
