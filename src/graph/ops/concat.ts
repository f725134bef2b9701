import { apply, type Op, type Value } from "../value.ts";
import { slice } from "./slice.ts";

interface ConcatAttrs {
  readonly axis: number;
}

export const concatOp: Op<ConcatAttrs> = {
  name: "Concat",
  shape: (xs, { axis }) => {
    const [first] = xs;
    if (
      xs.some(
        (x) => x.shape.length !== first.shape.length || x.shape.some((d, i) => i !== axis && d !== first.shape[i]),
      )
    )
      throw new RangeError(`Concat: shapes ${xs.map((x) => `[${x.shape}]`).join(", ")} differ beside axis ${axis}`);
    return first.shape.map((d, i) => (i === axis ? xs.reduce((n, x) => n + x.shape[axis], 0) : d));
  },
  emit: (emitter, inputs, { axis }) => emitter.node("Concat", inputs, { axis: { int: axis } }),
  gradient: (g, y, i) => {
    const { axis } = y.attrs;
    const before = y.inputs.slice(0, i).reduce((n, x) => n + x.shape[axis], 0);
    const starts = g.shape.map((_, a) => (a === axis ? before : 0));
    return slice(g, starts, y.inputs[i].shape);
  },
  evaluate: (xs, { axis }, y) => {
    const out = new Float64Array(y.shape.reduce((n, d) => n * d, 1));
    const inner = y.shape.slice(axis + 1).reduce((n, d) => n * d, 1);
    const row = y.shape[axis] * inner;
    let at = 0;
    xs.forEach((x, i) => {
      const width = y.inputs[i].shape[axis] * inner;
      for (let r = 0; r * width < x.length; r++) out.set(x.subarray(r * width, (r + 1) * width), r * row + at);
      at += width;
    });
    return out;
  },
};

/** Values one after another along an axis; all other sides are equal. */
export const concat = (xs: readonly Value[], axis: number): Value =>
  xs.length === 1 ? xs[0] : apply(concatOp, xs, { axis });
