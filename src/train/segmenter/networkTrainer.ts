/** A segmentation network as variables that a compiled step moves: AdamW, with averages of the weights beside them. */
import { graph } from "../../graph/graph.ts";
import { input, reshape } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import type { SegmenterNetwork } from "../../models/segmenter.ts";
import { crossEntropies } from "../../nn/crossEntropy.ts";
import { movingAverage } from "../../nn/optimizers.ts";
import { parameterInputs } from "../../nn/parameters.ts";
import { compile, type Provider, type Runtime, type Session } from "../../runtime/session.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { adamNumbers, restoreTensors, scalarFeeds, weightName } from "../adamUpdates.ts";
import { gradientStart, gradientStep } from "../gradientStep.ts";
import { trainStep, variables } from "../trainStep.ts";

export interface NetworkTrainerOptions {
  readonly network: SegmenterNetwork;
  /** Side and number of the pictures of a step. */
  readonly side: number;
  readonly batch: number;
  readonly weightDecay: number;
  /** Of the initial weights. */
  readonly seed: number;
  readonly runtime: Runtime;
  readonly provider?: Provider;
  readonly threads?: number;
  /** What `tensors()` of one of the same options gave: training continues from there. */
  readonly tensors?: ReadonlyMap<string, Tensor>;
}

export interface NetworkTrainer {
  /**
   * Update `step` (from 1) on pictures [N,3,S,S] in [-1,1] and their weighted one-hot labels [N,K,S,S]. `average`: the share of
   * the past that the averages keep. Returns each picture's share of the loss, and the length of the gradient.
   */
  step(
    step: number,
    batch: { readonly pictures: Tensor; readonly target: Tensor },
    rates: { readonly learningRate: number; readonly average: number },
  ): Promise<{ readonly losses: Float32Array; readonly gradientNorm: number }>;
  /** Logits [n,K,S,S] of the averaged weights for any number of pictures. */
  logits(pictures: Tensor): Promise<Tensor>;
  /** Copies of the averaged weights, by the network's names. */
  averages(): Map<string, Tensor>;
  /** Copies of all variables that the next step depends on. */
  tensors(): Map<string, Tensor>;
  dispose(): Promise<void>;
}

/** The network's name among the variables, and that of its averages. */
const NETWORK = "S";
const averageName = (name: string): string => `ema/${name}`;
/** The share of the past. */
const AVERAGE = "average";

/** Rejects with RangeError for tensors of another network, and with RuntimeError where the provider cannot run a step. */
export async function networkTrainer(options: NetworkTrainerOptions): Promise<NetworkTrainer> {
  const { network, side, batch, weightDecay, seed, runtime, provider = "cpu", threads } = options;
  const { parameters } = network;
  const where = { runtime, provider, ...(threads === undefined ? {} : { threads }) };
  const adamOptions = { weightDecay };
  const state = variables(initialVariables(options, adamOptions));
  const step = await trainStep({ ...stepGraph(), ...where, memory: "kept" });
  /** By number of pictures. */
  const sessions = new Map<number, Promise<Session>>();

  function stepGraph(): { updates: Map<string, Value>; reports: Record<string, Value> } {
    const weights = parameterInputs(parameters, weightName(NETWORK, ""));
    const { logits, statistics } = network.training(weights, input("pictures", [batch, 3, side, side]));
    const losses = crossEntropies(logits, input("target", logits.shape));
    const { updates, gradientNorm } = gradientStep(NETWORK, parameters, weights, { losses, statistics }, adamOptions);
    const share = input(AVERAGE, [1]);
    for (const [name, { shape }] of parameters) {
      const next = updates.get(weightName(NETWORK, name)) as Value;
      updates.set(averageName(name), movingAverage(input(averageName(name), shape), next, share));
    }
    // ONNX Runtime computes the last result first: losses before gradients, which would keep the logits meanwhile.
    return { updates, reports: { gradientNorm, losses: reshape(losses, [batch]) } };
  }

  const sessionFor = (count: number): Promise<Session> => {
    let session = sessions.get(count);
    if (session === undefined) {
      const pictures = input("pictures", [count, 3, side, side]);
      const logits = network.inference(parameterInputs(parameters, averageName("")), pictures);
      session = compile(graph({ logits }), { ...where, memory: "kept" });
      sessions.set(count, session);
    }
    return session;
  };
  const copies = (names: Iterable<string>): [string, Tensor][] =>
    [...names].map((name) => {
      const { shape, data } = state.tensors.get(name) as Tensor;
      return [name, tensor(shape, data.slice())];
    });

  return {
    async step(number, { pictures, target }, { learningRate, average }) {
      const numbers = {
        ...adamNumbers(NETWORK, number, learningRate, adamOptions),
        ...scalarFeeds({ [AVERAGE]: average }),
      };
      const reports = await step.run(state, { pictures, target, ...numbers });
      return { losses: Float32Array.from(reports["losses"].data), gradientNorm: reports["gradientNorm"].data[0] };
    },
    async logits(pictures) {
      const session = await sessionFor(pictures.shape[0]);
      const weights = Object.fromEntries(
        session.inputs.flatMap(({ name }) => {
          const t = state.tensors.get(name);
          return t === undefined ? [] : [[name, t] as const];
        }),
      );
      return (await session.run({ ...weights, pictures }))["logits"] as Tensor;
    },
    averages: () => new Map([...parameters.keys()].map((name) => [name, copies([averageName(name)])[0][1]])),
    tensors: () => new Map(copies(state.tensors.keys())),
    async dispose() {
      await step.dispose();
      for (const session of sessions.values()) await (await session).dispose();
    },
  };

  function initialVariables({ tensors }: NetworkTrainerOptions, adam: { weightDecay: number }): Map<string, Tensor> {
    const all = gradientStart(NETWORK, parameters, seed, adam);
    for (const name of parameters.keys()) all.set(averageName(name), all.get(weightName(NETWORK, name)) as Tensor);
    if (tensors !== undefined) restoreTensors(tensors, all);
    return all;
  }
}
