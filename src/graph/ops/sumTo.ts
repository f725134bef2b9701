import { sameShape } from "../../tensor/tensor.ts";
import type { Value } from "../value.ts";
import { reduceSum } from "./reduceSum.ts";
import { reshape } from "./reshape.ts";

/** The adjoint of broadcasting `x` to g's shape: g summed over the axes that were stretched or added. */
export function sumTo(g: Value, { shape }: Value): Value {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes = g.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshape(axes.length > 0 ? reduceSum(g, axes) : g, shape);
}
