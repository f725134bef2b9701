import { apply, type Value } from "../value.ts";
import { unaryOp } from "./elementwise.ts";

export const negOp = unaryOp(
  "Neg",
  (x) => -x,
  (g) => neg(g),
);

/** -x. */
export const neg = (x: Value): Value => apply(negOp, [x], undefined);
