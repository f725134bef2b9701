/**
 * A training step as one compiled graph. What training changes (weights, moments, averages) are variables: inputs of the
 * graph, and outputs with the next values, so nothing is hidden in the session and several steps may share them.
 */
import { graph } from "../graph/graph.ts";
import { simplify } from "../graph/simplify.ts";
import { type Graph, topologicalOrder, type Value } from "../graph/value.ts";
import { compile, type Runtime, type SessionOptions } from "../runtime/session.ts";
import { sameShape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** The numbers of a training run, by the names that they have as graph inputs. */
export interface Variables {
  /** The present values. Do not keep them: updates write to the arrays. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** An array of the same shape that a step may write the next values to. */
  spare(name: string): Tensor;
  /** Makes `next` the present values; the former array is spare from then on. */
  replace(name: string, next: Tensor): void;
}

/** Variables that start as copies of `initial`. */
export function variables(initial: ReadonlyMap<string, Tensor>): Variables {
  const tensors = new Map([...initial].map(([name, t]) => [name, tensor(t.shape, t.data.slice())]));
  const spares = new Map<string, Tensor>();
  const present = (name: string): Tensor => {
    const t = tensors.get(name);
    if (t === undefined) throw new RangeError(`variables: there is none called ${name}`);
    return t;
  };
  return {
    tensors,
    spare(name) {
      const { shape } = present(name);
      let t = spares.get(name);
      if (t === undefined) {
        t = tensor(shape, new Float32Array(sizeOf(shape)));
        spares.set(name, t);
      }
      return t;
    },
    replace(name, next) {
      const before = present(name);
      if (!sameShape(before.shape, next.shape))
        throw new RangeError(`variables: ${name} is [${before.shape}], its next values are [${next.shape}]`);
      tensors.set(name, next);
      spares.set(name, before);
    },
  };
}

/** What a step updates and reports, and where it runs. */
export interface TrainStepOptions extends SessionOptions {
  /** Variable name -> its next values, as a function of inputs of variables' names and of others that are fed. */
  readonly updates: ReadonlyMap<string, Value>;
  /** What the step tells beside. */
  readonly reports: Readonly<Record<string, Value>>;
  readonly runtime: Runtime;
}

/** A compiled step: it reads and replaces the variables. */
export interface TrainStep {
  /** Runs the step: variables move on, the reports are returned. `feeds` are the inputs that are no variables. */
  run(state: Variables, feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  dispose(): Promise<void>;
}

const nextOf = (name: string): string => `${name}'`;

/**
 * Compiles a step. It writes the next values of moments and averages over the present ones, and those of weights, which the whole step
 * reads, to arrays of their own. A step that rejects leaves the variables useless. Rejects with RuntimeError where the provider cannot
 * run it.
 */
export async function trainStep({ updates, reports, ...where }: TrainStepOptions): Promise<TrainStep> {
  const next = Object.fromEntries([...updates].map(([name, value]) => [nextOf(name), value]));
  const whole = simplify(graph({ ...next, ...reports }));
  const session = await compile(whole, { ...where, uncopied: true });
  const names = [...updates.keys()];
  const inPlace = movedInPlace(whole, names);
  return {
    async run(state, feeds) {
      const present = session.inputs.flatMap(({ name }) => {
        const t = state.tensors.get(name);
        return t === undefined ? [] : [[name, t] as const];
      });
      const into = Object.fromEntries(
        names.map((name) => [
          nextOf(name),
          inPlace.has(name) ? (state.tensors.get(name) as Tensor) : state.spare(name),
        ]),
      );
      const results = await session.run({ ...Object.fromEntries(present), ...feeds }, undefined, into);
      for (const name of names) {
        const moved = results[nextOf(name)] as Tensor;
        if (moved.data !== state.tensors.get(name)?.data) state.replace(name, moved);
      }
      return Object.fromEntries(Object.keys(reports).map((name) => [name, results[name] as Tensor]));
    },
    dispose: () => session.dispose(),
  };
}

/** Operators that read an element of an operand of the result's shape to write the same one. */
const BY_ELEMENT: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div"]);

/**
 * The variables whose next values may go to the same array, as all that read them does so element by element, and before: on the way to
 * their next values.
 */
function movedInPlace({ inputs, outputs }: Graph, names: readonly string[]): ReadonlySet<string> {
  const readers = new Map<Value, Value[]>();
  for (const value of topologicalOrder([...outputs.values()]))
    for (const read of new Set(value.inputs)) readers.set(read, [...(readers.get(read) ?? []), value]);
  return new Set(
    names.filter((name) => {
      const [present, next] = [inputs.get(name), outputs.get(nextOf(name))];
      if (present === undefined || next === undefined) return false;
      const reading = readers.get(present) ?? [];
      if (!reading.every(({ op, shape }) => BY_ELEMENT.has(op.name) && sameShape(shape, present.shape))) return false;
      const before = new Set(topologicalOrder([next]));
      return reading.every((value) => before.has(value));
    }),
  );
}
