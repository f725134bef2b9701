import { apply, type Value } from "../value.ts";
import { unaryOp } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { sub } from "./sub.ts";

// s = 1 / (1 + exp(-x)), ds = s (1 - s) dx
export const sigmoidOp = unaryOp(
  "Sigmoid",
  (x) => 1 / (1 + Math.exp(-x)),
  (g, _, y) => mul(g, mul(y, sub(1, y))),
);

/** 1 / (1 + e^-x) of each element. */
export const sigmoid = (x: Value): Value => apply(sigmoidOp, [x], undefined);
