import { grad } from "../../graph/grad.ts";
import { input } from "../../graph/ops/index.ts";
import { type SegmenterPlan, segmenterLogits, segmenterParameters } from "../../models/segmenter.ts";
import { crossEntropy } from "../../nn/crossEntropy.ts";
import { adam, adamFeeds, adamInputs } from "../../nn/optimizers.ts";
import { initialTensors, parameterInputs } from "../../nn/parameters.ts";
import type { Provider, Runtime } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { trainStep, variables } from "../trainStep.ts";

/** All that a run needs to go on. */
export interface SegmenterState {
  /** Steps so far. */
  readonly step: number;
  /** Weights by name, and the moments of each as mean/<name> and square/<name>. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

export interface SegmenterTrainerOptions {
  readonly plan: SegmenterPlan;
  /** Side and number of the pictures of a step. */
  readonly side: number;
  readonly batch: number;
  /** Of the initial weights. */
  readonly seed: number;
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
  /** What `state()` of a trainer of the same options gave: training continues from there. */
  readonly state?: SegmenterState;
}

export interface SegmenterTrainer {
  /** One step of AdamW on pictures [N,C,S,S] in [-1, 1] and their weighted one-hot labels [N,classes,S,S]; returns the loss. */
  step(pictures: Tensor, target: Tensor, learningRate: number): Promise<number>;
  /** Copies of the present weights. */
  weights(): Map<string, Tensor>;
  /** Copies of all that the next step depends on. */
  state(): SegmenterState;
  dispose(): Promise<void>;
}

const ADAM = { weightDecay: 1e-3 } as const;

/**
 * A segmenter that learns step by step. Equal options and pictures give equal weights on the same machine and provider, interrupted or
 * not. Rejects with RangeError for a state of another plan.
 */
export async function segmenterTrainer(options: SegmenterTrainerOptions): Promise<SegmenterTrainer> {
  const { plan, side, batch, seed, runtime, provider = "cpu", threads } = options;
  const table = segmenterParameters(plan);
  const weights = parameterInputs(table);
  const names = [...table.keys()];
  const logits = segmenterLogits(plan, weights, input("pictures", [batch, plan.imageChannels, side, side]));
  const loss = crossEntropy(logits, input("target", [batch, plan.classes, side, side]));
  const gradients = grad(loss, [...weights.values()]);
  const rates = adamInputs();
  const updates = new Map(
    names.flatMap((name, i) => {
      const parameter = weights.get(name)!;
      const moments = {
        mean: input(`mean/${name}`, parameter.shape),
        square: input(`square/${name}`, parameter.shape),
      };
      const next = adam(parameter, gradients[i], moments, rates, ADAM);
      return [
        [name, next.parameter],
        [`mean/${name}`, next.mean!],
        [`square/${name}`, next.square],
      ] as const;
    }),
  );
  const initial = initialTensors(table, seed);
  for (const [name, { shape }] of table)
    for (const moment of ["mean", "square"]) initial.set(`${moment}/${name}`, tensor(shape));
  if (options.state !== undefined)
    for (const [name, { shape }] of initial) {
      const found = options.state.tensors.get(name);
      if (String(found?.shape) !== String(shape))
        throw new RangeError(`segmenterTrainer: the state's ${name} is [${found?.shape ?? "missing"}], not [${shape}]`);
      initial.set(name, found as Tensor);
    }
  const state = variables(initial);
  const where = { runtime, provider, ...(threads === undefined ? {} : { threads }) };
  const compiled = await trainStep({ updates, reports: { loss }, ...where });
  let steps = options.state?.step ?? 0;
  const copies = (wanted: Iterable<string>): Map<string, Tensor> =>
    new Map(
      [...wanted].map((name) => {
        const { shape, data } = state.tensors.get(name)!;
        return [name, tensor(shape, data.slice())];
      }),
    );
  return {
    async step(pictures, target, learningRate) {
      steps++;
      const numbers = Object.entries(adamFeeds(steps, learningRate, ADAM));
      const scalars = Object.fromEntries(numbers.map(([name, x]) => [name, tensor([1], Float32Array.of(x))]));
      const reports = await compiled.run(state, { pictures, target, ...scalars });
      return reports["loss"].data[0];
    },
    weights: () => copies(names),
    state: () => ({ step: steps, tensors: copies(state.tensors.keys()) }),
    dispose: () => compiled.dispose(),
  };
}
