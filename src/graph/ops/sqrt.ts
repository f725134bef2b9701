import { apply, type Value } from "../value.ts";
import { div } from "./div.ts";
import { unaryOp } from "./elementwise.ts";
import { mul } from "./mul.ts";

// d(sqrt x) = dx / (2 sqrt x)
export const sqrtOp = unaryOp("Sqrt", Math.sqrt, (g, _, y) => div(mul(g, 0.5), y));

/** The square root of each element. */
export const sqrt = (x: Value): Value => apply(sqrtOp, [x], undefined);
