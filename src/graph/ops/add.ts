import { apply, type Operand, type Value } from "../value.ts";
import { operands } from "./constant.ts";
import { binaryOp } from "./elementwise.ts";
import { sumTo } from "./sumTo.ts";

// d(a + b) = da + db
export const addOp = binaryOp(
  "Add",
  (a, b) => a + b,
  (g, a) => sumTo(g, a),
  (g, _, b) => sumTo(g, b),
);

/** a + b, with broadcasting. */
export const add = (a: Operand, b: Operand): Value => apply(addOp, operands(a, b), undefined);
