import { apply, type Op, type Value } from "../value.ts";

interface InputAttrs {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A tensor that the caller feeds at every run. */
export const inputOp: Op<InputAttrs> = {
  name: "Input",
  shape: (_, { shape }) => shape,
  emit: (emitter, _, { name, shape }) => emitter.input(name, shape),
  gradient: () => undefined,
  evaluate: (_, { name }) => {
    throw new Error(`input "${name}" has no value of its own: feed it`);
  },
};

/** A graph input called `name`. */
export const input = (name: string, shape: readonly number[]): Value => apply(inputOp, [], { name, shape });
