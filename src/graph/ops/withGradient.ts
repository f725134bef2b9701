import { apply, type Op, type Value } from "../value.ts";

/** Gradients with respect to each of the operands for g = d(loss)/dy; undefined where zero. Made of ops, so they have gradients. */
export type GradientRule = (g: Value) => readonly (Value | undefined)[];

interface WithGradientAttrs {
  readonly rule: GradientRule;
}

/** What was made for a g; `grad` asks once per operand. */
const made = new WeakMap<Value, { readonly rule: GradientRule; readonly gradients: ReturnType<GradientRule> }>();

export const withGradientOp: Op<WithGradientAttrs> = {
  name: "WithGradient",
  shape: ([y]) => y.shape,
  emit: (_, [y]) => y,
  gradient: (g, { attrs: { rule } }, i) => {
    if (i === 0) return undefined;
    const before = made.get(g);
    if (before?.rule === rule) return before.gradients[i - 1];
    const gradients = rule(g);
    made.set(g, { rule, gradients });
    return gradients[i - 1];
  },
  evaluate: ([y]) => y,
};

/**
 * y, computed as it is, with a derivative of its own: for formulas whose derivative by the chain rule takes more passes than
 * one written by hand. y must be a function of the operands `xs` alone.
 */
export const withGradient = (y: Value, xs: readonly Value[], rule: GradientRule): Value =>
  apply(withGradientOp, [y, ...xs], { rule });

/** x as a constant: gradients do not pass. */
export const stopGradient = (x: Value): Value => withGradient(x, [], () => []);
