import { apply, type Operand, type Value } from "../value.ts";
import { operands } from "./constant.ts";
import { binaryOp } from "./elementwise.ts";
import { neg } from "./neg.ts";
import { sumTo } from "./sumTo.ts";

// d(a - b) = da - db
export const subOp = binaryOp(
  "Sub",
  (a, b) => a - b,
  (g, a) => sumTo(g, a),
  (g, _, b) => sumTo(neg(g), b),
);

/** a - b, with broadcasting. */
export const sub = (a: Operand, b: Operand): Value => apply(subOp, operands(a, b), undefined);
