import { apply, type Operand, type Value } from "../value.ts";
import { operands } from "./constant.ts";
import { binaryOp } from "./elementwise.ts";
import { sumTo } from "./sumTo.ts";

// d(ab) = b da + a db
export const mulOp = binaryOp(
  "Mul",
  (a, b) => a * b,
  (g, a, b) => sumTo(mul(g, b), a),
  (g, a, b) => sumTo(mul(g, a), b),
);

/** a * b by elements, with broadcasting. */
export const mul = (a: Operand, b: Operand): Value => apply(mulOp, operands(a, b), undefined);

/** The square of each element. */
export const square = (x: Value): Value => mul(x, x);
