import { apply, type Value } from "../value.ts";
import { unaryOp } from "./elementwise.ts";
import { mul } from "./mul.ts";

export const expOp = unaryOp("Exp", Math.exp, (g, _, y) => mul(g, y));

/** e to the power of each element. */
export const exp = (x: Value): Value => apply(expOp, [x], undefined);
