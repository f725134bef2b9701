import { apply, type Op, type Value } from "../value.ts";

interface InputAttrs {
  readonly name: string;
  readonly shape: readonly number[];
  readonly half: boolean;
}

/** A tensor that the caller feeds at every run. */
export const inputOp: Op<InputAttrs> = {
  name: "Input",
  shape: (_, { shape }) => shape,
  emit: (emitter, _, { name, shape, half }) => emitter.input(name, shape, half),
  gradient: () => undefined,
  evaluate: (_, { name }) => {
    throw new Error(`input "${name}" has no value of its own: feed it`);
  },
};

/** A graph input called `name`; with `half` it is fed as float16 and is float32 from there on. */
export const input = (name: string, shape: readonly number[], { half = false } = {}): Value =>
  apply(inputOp, [], { name, shape, half });
