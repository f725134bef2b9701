import { apply, type Op, type Value } from "../value.ts";
import { mul } from "./mul.ts";

interface ClipAttrs {
  readonly low: number;
  readonly high: number;
}

export const clipOp: Op<ClipAttrs> = {
  name: "Clip",
  shape: ([x]) => x.shape,
  emit: (emitter, [x], { low, high }) =>
    emitter.node("Clip", [x, emitter.float32([low], []), emitter.float32([high], [])]),
  gradient: (g, y) => mul(g, apply(insideOp, [y.inputs[0]], y.attrs)),
  evaluate: ([x], { low, high }) => x.map((v) => Math.min(high, Math.max(low, v))),
};

/** x limited to [low, high]. */
export const clip = (x: Value, low: number, high: number): Value => apply(clipOp, [x], { low, high });

/** 1 strictly inside (low, high), 0 outside: the derivative of clip. */
const insideOp: Op<ClipAttrs> = {
  name: "Inside",
  shape: ([x]) => x.shape,
  emit: (emitter, [x], { low, high }, value) => {
    const rank = value.shape.map(() => 1);
    const above = emitter.node("Greater", [x, emitter.float32([low], rank)]);
    const below = emitter.node("Less", [x, emitter.float32([high], rank)]);
    return emitter.node("Cast", [emitter.node("And", [above, below])], { to: { int: 1 } });
  },
  gradient: () => undefined,
  evaluate: ([x], { low, high }) => x.map((v) => (v > low && v < high ? 1 : 0)),
};
