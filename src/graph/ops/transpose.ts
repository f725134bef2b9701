import { forEachOffset, stridesOf } from "../../tensor/shape.ts";
import { apply, type Op, type Value } from "../value.ts";

interface TransposeAttrs {
  readonly perm: readonly number[];
}

export const transposeOp: Op<TransposeAttrs> = {
  name: "Transpose",
  shape: ([x], { perm }) => {
    if (perm.length !== x.shape.length || [...perm].sort((a, b) => a - b).some((p, i) => p !== i))
      throw new RangeError(`Transpose: [${perm}] is no permutation of the axes of [${x.shape}]`);
    return perm.map((p) => x.shape[p]);
  },
  emit: (emitter, inputs, { perm }) => emitter.node("Transpose", inputs, { perm: { ints: perm } }),
  gradient: (g, y) =>
    transpose(
      g,
      y.attrs.perm.map((_, i) => y.attrs.perm.indexOf(i)),
    ),
  evaluate: ([x], { perm }, y) => {
    const strides = stridesOf(y.inputs[0].shape);
    const out = new Float64Array(x.length);
    forEachOffset(
      y.shape,
      perm.map((p) => strides[p]),
      (i, at) => {
        out[i] = x[at];
      },
    );
    return out;
  },
};

/** Axis i of the result is axis perm[i] of x. */
export const transpose = (x: Value, perm: readonly number[]): Value => apply(transposeOp, [x], { perm });

export function swapLastAxes(x: Value): Value {
  const perm = x.shape.map((_, i) => i);
  const last = perm.length - 1;
  [perm[last - 1], perm[last]] = [last, last - 1];
  return transpose(x, perm);
}
