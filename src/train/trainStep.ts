/**
 * A training step as one compiled graph. What training changes (weights, moments, averages) are variables: inputs of the
 * graph, and outputs with the next values, so nothing is hidden in the session and several steps may share them.
 */
import { graph } from "../graph/graph.ts";
import type { Value } from "../graph/value.ts";
import { compile, type Runtime, type SessionOptions } from "../runtime/session.ts";
import { sameShape, sizeOf, type Tensor, tensor } from "../tensor/tensor.ts";

/** The numbers of a training run, by the names that they have as graph inputs. */
export interface Variables {
  /** The present values. Do not keep them: the array is reused two updates later. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** An array of the same shape that a step may write the next values to. */
  spare(name: string): Tensor;
  /** Makes `next` the present values; the former array is spare from then on. */
  replace(name: string, next: Tensor): void;
}

/** Variables that start as copies of `initial`. Arrays are double-buffered: a step reads one and writes the other. */
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

/** Compiles a step. Rejects with RuntimeError where the provider cannot run it. */
export async function trainStep({ updates, reports, ...where }: TrainStepOptions): Promise<TrainStep> {
  const next = Object.fromEntries([...updates].map(([name, value]) => [nextOf(name), value]));
  const session = await compile(graph({ ...next, ...reports }), { ...where, uncopied: true });
  const names = [...updates.keys()];
  return {
    async run(state, feeds) {
      const present = session.inputs.flatMap(({ name }) => {
        const t = state.tensors.get(name);
        return t === undefined ? [] : [[name, t] as const];
      });
      const into = Object.fromEntries(names.map((name) => [nextOf(name), state.spare(name)]));
      const results = await session.run({ ...Object.fromEntries(present), ...feeds }, undefined, into);
      for (const name of names) state.replace(name, results[nextOf(name)] as Tensor);
      return Object.fromEntries(Object.keys(reports).map((name) => [name, results[name] as Tensor]));
    },
    dispose: () => session.dispose(),
  };
}
