import { apply, type Value } from "../value.ts";
import { unaryOp } from "./elementwise.ts";
import { mul, square } from "./mul.ts";
import { sub } from "./sub.ts";

// d(tanh x) = (1 - tanh^2 x) dx
export const tanhOp = unaryOp("Tanh", Math.tanh, (g, _, y) => mul(g, sub(1, square(y))));

/** The hyperbolic tangent of each element. */
export const tanh = (x: Value): Value => apply(tanhOp, [x], undefined);
