import { apply, type Operand, type Value } from "../value.ts";
import { operands } from "./constant.ts";
import { binaryOp } from "./elementwise.ts";
import { mul } from "./mul.ts";
import { neg } from "./neg.ts";
import { sumTo } from "./sumTo.ts";

// d(a/b) = da/b - (a/b) db/b
export const divOp = binaryOp(
  "Div",
  (a, b) => a / b,
  (g, a, b) => sumTo(div(g, b), a),
  (g, _, b, y) => sumTo(neg(mul(g, div(y, b))), b),
);

/** a / b, with broadcasting. */
export const div = (a: Operand, b: Operand): Value => apply(divOp, operands(a, b), undefined);
