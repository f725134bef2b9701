/** A network that classifies the pixels of a pyramid as variables that a compiled step moves by Adam. */
import { reduceSum, reshape } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { type ParameterTable, parameterInputs } from "../../nn/parameters.ts";
import type { Provider, Runtime } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { adamNumbers, restoreTensors, type Values, weightName } from "../adamUpdates.ts";
import { gradientStart, gradientStep } from "../gradientStep.ts";
import { trainStep, variables } from "../trainStep.ts";

/** Where a trainer computes, where it begins, and where it goes on. */
export interface TrainerPlace {
  /** Of the first weights. */
  readonly seed: number;
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
  /** What `tensors()` of one of the same options gave: training continues from there. */
  readonly tensors?: ReadonlyMap<string, Tensor>;
}

export interface ClassifierTrainerOptions extends TrainerPlace {
  readonly parameters: ParameterTable;
  /** Default 0. */
  readonly weightDecay?: number;
  /** What is descended (the sum of these), of graph inputs of the caller's names, and the next statistics. */
  loss(weights: Values): { readonly losses: Value; readonly statistics: ReadonlyMap<string, Value> };
}

/** Learns from whatever inputs its loss has. */
export interface ClassifierTrainer {
  /** Update `step` (from 1). */
  step(
    step: number,
    feeds: Readonly<Record<string, Tensor>>,
    learningRate: number,
  ): Promise<{ readonly loss: number; readonly gradientNorm: number }>;
  /** Copies of the weights, by the network's names. */
  weights(): Map<string, Tensor>;
  /** Copies of all that the next step depends on. */
  tensors(): Map<string, Tensor>;
  dispose(): Promise<void>;
}

/** The network's name among the variables. */
const NETWORK = "E";

/** Rejects with RangeError for tensors of another network, and with RuntimeError where the provider cannot run a step. */
export async function classifierTrainer({
  parameters,
  weightDecay = 0,
  loss,
  seed,
  tensors,
  ...where
}: ClassifierTrainerOptions): Promise<ClassifierTrainer> {
  const options = { weightDecay };
  const first = gradientStart(NETWORK, parameters, seed, options);
  if (tensors !== undefined) restoreTensors(tensors, first);
  const state = variables(first);
  const weights = parameterInputs(parameters, weightName(NETWORK, ""));
  const found = loss(weights);
  const { updates, gradientNorm } = gradientStep(NETWORK, parameters, weights, found, options);
  const reports = { loss: reshape(reduceSum(found.losses), [1]), gradientNorm };
  const step = await trainStep({ updates, reports, ...where, memory: "kept" });
  const copy = (name: string): Tensor => {
    const { shape, data } = state.tensors.get(name) as Tensor;
    return tensor(shape, data.slice());
  };
  return {
    async step(number, feeds, learningRate) {
      const reported = await step.run(state, { ...feeds, ...adamNumbers(NETWORK, number, learningRate, options) });
      return { loss: reported["loss"].data[0], gradientNorm: reported["gradientNorm"].data[0] };
    },
    weights: () => new Map([...parameters.keys()].map((name) => [name, copy(weightName(NETWORK, name))])),
    tensors: () => new Map([...state.tensors.keys()].map((name) => [name, copy(name)])),
    dispose: () => step.dispose(),
  };
}
