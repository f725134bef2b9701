/** Weights of an earlier run or of a network, as the beginning of a new run. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { readCheckpoint } from "../../../checkpoint/readCheckpoint.ts";
import { readSafetensors } from "../../../checkpoint/safetensors.ts";
import { CheckpointError, type ConfigObject } from "../../../checkpoint/stateDict.ts";
import { LR_MULTIPLIER } from "../../../gan/mapping.ts";
import { buildNetwork } from "../../../gan/openGenerator.ts";
import { styleGan2 } from "../../../gan/stylegan2/stylegan2.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import type { GanRecipe } from "../../../train/gan/recipe.ts";
import { begunWith, networkWeights } from "../../../train/gan/trainingState.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { shippedPath } from "../../network/shipped.ts";
import { ProjectError } from "../../storage/files.ts";
import { decodeState, isState, loadState, type RunState } from "../state.ts";

/** Where a new run's weights come from. */
export interface Origin {
  /** Absolute. */
  readonly path: string;
  readonly resolution: number;
  /** Sizes of its networks, which the new run takes over. */
  readonly sizes: Partial<GanRecipe>;
  /** A new run's beginning: these weights, and nothing else of the past. Throws ProjectError where they do not fit. */
  state(recipe: GanRecipe): TrainingState;
}

/** The absolute path of an origin that was given by path, or by the name of a generator that comes with the package. */
export const originPath = (where: string): string => resolve(shippedPath("generator", where));

/**
 * Opens a run's folder, a state or a generator of StyleGAN2's family. A generator alone leaves the discriminator to begin
 * anew. Throws ProjectError, CheckpointError or GeneratorError.
 */
export async function openOrigin(where: string): Promise<Origin> {
  const path = originPath(where);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new ProjectError(
      `${path}: there is no such file or folder. Give --resume the folder of a run, its state.safetensors, or a network.`,
    );
  if (found.isDirectory()) {
    const state = await loadState(path);
    if (state === undefined)
      throw new ProjectError(`${path} holds no state of a training run (state.safetensors is missing).`);
    return stateOrigin(path, state);
  }
  const bytes = await readFile(path);
  if (isStateFile(bytes)) {
    return stateOrigin(path, decodeState(bytes));
  }
  return networkOrigin(path, bytes);
}

function isStateFile(bytes: Uint8Array): boolean {
  try {
    return isState(readSafetensors(bytes).metadata);
  } catch (error) {
    if (error instanceof CheckpointError) return false;
    throw error;
  }
}

function stateOrigin(path: string, { recipe, training }: RunState): Origin {
  if (!isGanRecipe(recipe))
    throw new ProjectError(`${path} is the state of another kind of training, expected that of a GAN.`);
  const { resolution, imageChannels, channelBase, channelMax, zDim, wDim, mappingLayers, noise } = recipe;
  const weights = networkWeights(training);
  return {
    path,
    resolution,
    sizes: { imageChannels, channelBase, channelMax, zDim, wDim, mappingLayers, noise },
    state: (r) => begun(weights, r, { path, resolution }),
  };
}

const isGanRecipe = (recipe: object): recipe is GanRecipe => "resolution" in recipe && "zDim" in recipe;

function networkOrigin(path: string, bytes: Uint8Array): Origin {
  const { info, weights, settings } = buildNetwork(readCheckpoint(bytes));
  if (info.family !== styleGan2.name || info.cDim > 0)
    throw new ProjectError(
      `${path} is ${info.cDim > 0 ? "a conditional network" : `of the family ${info.family}`}; training can begin with an unconditional StyleGAN2 only.`,
    );
  const { resolution, imageChannels, zDim, wDim, layers } = info;
  const channelMax = Math.max(...layers.map((l) => l.channels));
  const last = layers.at(-1)?.channels ?? channelMax;
  const named = new Map<string, Tensor>();
  for (const [name, t] of weights) for (const prefix of ["G/", "ema/"]) named.set(prefix + name, t);
  return {
    path,
    resolution,
    sizes: {
      imageChannels,
      channelMax,
      channelBase: last * resolution,
      zDim,
      wDim,
      noise: settings["useNoise"] !== false,
      mappingLayers: [...weights.keys()].filter((name) => /^mapping\.fc\d+\.weight$/.test(name)).length,
    },
    state(recipe) {
      checkTrainable(path, settings);
      return begun(named, recipe, { path, resolution });
    },
  };
}

/** Mapping layers learn at a rate of their own, which is part of what their weights mean. */
function checkTrainable(path: string, { lrMultiplier }: ConfigObject): void {
  if (lrMultiplier !== LR_MULTIPLIER)
    throw new ProjectError(
      `${path} has a mapping network of learning-rate multiplier ${String(lrMultiplier)}; training begins with ${LR_MULTIPLIER} only.`,
    );
}

/** Throws ProjectError where the weights do not fit. */
function begun(
  weights: ReadonlyMap<string, Tensor>,
  recipe: GanRecipe,
  { path, resolution }: Pick<Origin, "path" | "resolution">,
): TrainingState {
  try {
    return begunWith(weights, resolution, recipe);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ProjectError(
      `${path} does not fit this run: ${cause.message}. Leave out --cfg, --cbase, --cmax and --map-depth to take over ` +
        `its sizes, and give no --resolution or a higher one than its ${resolution}.`,
      { cause },
    );
  }
}
