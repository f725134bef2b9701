import { apply, type Value } from "../value.ts";
import { div } from "./div.ts";
import { unaryOp } from "./elementwise.ts";

export const logOp = unaryOp("Log", Math.log, (g, x) => div(g, x));

/** The natural logarithm of each element. */
export const log = (x: Value): Value => apply(logOp, [x], undefined);
