/**
 * How plausible a generated picture is, by the discriminator that the generator was trained against: the pictures of which it is surest that
 * they are made are the worst ones. It sees groups of pictures in training; here each is judged alone, with the deviation of usual groups, so
 * that a picture's score is its own.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { readSafetensors, writeSafetensors } from "../../../checkpoint/safetensors.ts";
import { discriminator, discriminatorParameters, groupDeviation } from "../../../gan/stylegan2/discriminator.ts";
import { evaluateGraph, graph } from "../../../graph/graph.ts";
import { constant, input } from "../../../graph/ops/index.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import { compile } from "../../../runtime/session.ts";
import { sameShape, type Tensor, tensor } from "../../../tensor/tensor.ts";
import { channelsAt } from "../../../train/gan/networks.ts";
import type { GanRecipe } from "../../../train/gan/recipe.ts";
import { isTrainingRun } from "../../network/trainingRun.ts";
import { ProjectError, readIfThere } from "../../storage/files.ts";
import { loadState } from "../../train/state.ts";

const criticSizes = z.strictObject({
  resolution: z.int().min(4),
  imageChannels: z.literal([1, 3]),
  channelBase: z.int().min(1),
  channelMax: z.int().min(1),
  groupSize: z.int().min(1),
});
type CriticSizes = z.infer<typeof criticSizes>;

/** A discriminator as data that threads can be given. */
export interface Critic {
  readonly sizes: CriticSizes;
  readonly weights: ReadonlyMap<string, Tensor>;
}

const METADATA = "klish.critic";
export const criticPath = (dataset: string): string => join(dataset, "critic.safetensors");

/** The critic as a file, and its hash: a data set keeps it, so that it can be continued when training has gone on. */
export function encodeCritic({ sizes, weights }: Critic): { readonly bytes: Uint8Array; readonly sha256: string } {
  const bytes = writeSafetensors(weights, { [METADATA]: JSON.stringify(sizes) });
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** The critic that a data set keeps. Throws ProjectError where it is not the one of this hash. */
export async function loadCritic(dataset: string, sha256: string): Promise<Critic> {
  const path = criticPath(dataset);
  const bytes = await readIfThere(path);
  if (bytes === undefined || createHash("sha256").update(bytes).digest("hex") !== sha256)
    throw new ProjectError(
      `${path} is ${bytes === undefined ? "missing" : "not the one that the dataset was started with"}: restore it, or make the dataset anew in another folder.`,
    );
  const { tensors, metadata } = readSafetensors(bytes);
  const sizes = criticSizes.parse(JSON.parse(metadata[METADATA] ?? "null"));
  return { sizes, weights: new Map([...tensors].map(([name, lazy]) => [name, lazy.read() as Tensor])) };
}

/** The discriminator beside a generator of klish train gan. Throws ProjectError where there is none for its pictures. */
export async function findCritic(network: string, resolution: number): Promise<Critic> {
  const run = dirname(network);
  const state = (await isTrainingRun(run)) ? await loadState(run) : undefined;
  if (state === undefined)
    throw new ProjectError(
      `--drop-implausible needs the discriminator of the generator, which lies in state.safetensors of the run that trained it; ${run} has none.`,
    );
  const recipe = state.recipe as GanRecipe;
  const { imageChannels, channelBase, channelMax, groupSize } = recipe;
  if (recipe.resolution !== resolution)
    throw new ProjectError(
      `the discriminator in ${run} sees pictures of ${recipe.resolution} pixels, the generator's have ${resolution}: the run is between two stages of growth. Let it train on first.`,
    );
  const sizes = criticSizes.parse({ resolution, imageChannels, channelBase, channelMax, groupSize });
  const weights = [...discriminatorParameters(networkSizes(sizes))].map(([name, { shape }]): [string, Tensor] => {
    const found = state.training.tensors.get(`D/${name}`);
    if (found === undefined || !sameShape(found.shape, shape))
      throw new ProjectError(`${run}: its state has no discriminator that fits (${name}).`);
    return [name, found];
  });
  return { sizes, weights: new Map(weights) };
}

const networkSizes = (sizes: CriticSizes) => ({
  ...sizes,
  channels: (r: number): number => channelsAt(sizes, r),
});

/** Judges pictures. Owns a native session: dispose of it. */
export interface OpenCritic {
  /** How real each RGB picture [R,R,3] looks: logits; higher is better. `deviation`: of a usual group's features. */
  score(pictures: readonly Uint8Array[], deviation: number): Promise<number[]>;
  /** The mean deviation over groups of these pictures, in their order. */
  deviation(pictures: readonly Uint8Array[]): Promise<number>;
  dispose(): Promise<void>;
}

export async function openCritic({ sizes, weights }: Critic, threads: number): Promise<OpenCritic> {
  const { resolution: R, imageChannels, groupSize } = sizes;
  const values = new Map([...weights].map(([name, { shape, data }]) => [name, constant(shape, data)]));
  const network = discriminator(values, networkSizes(sizes));
  const features = network.features(input("picture", [1, imageChannels, R, R]));
  const logit = network.logits(features, input("deviation", [1, 1, 1, 1]));
  const session = await compile(graph({ features, logit }), { runtime: ortNode, provider: "cpu", threads });
  const judge = async (rgb: Uint8Array, deviation: number): Promise<{ features: Tensor; logit: number }> => {
    const picture = tensor([1, imageChannels, R, R]);
    const area = R * R;
    for (let c = 0; c < imageChannels; c++)
      for (let p = 0; p < area; p++) picture.data[c * area + p] = rgb[3 * p + c] / 127.5 - 1;
    const found = await session.run({ picture, deviation: tensor([1, 1, 1, 1], Float32Array.of(deviation)) });
    return { features: found["features"] as Tensor, logit: (found["logit"] as Tensor).data[0] };
  };
  return {
    async score(pictures, deviation) {
      const scores: number[] = [];
      for (const rgb of pictures) scores.push((await judge(rgb, deviation)).logit);
      return scores;
    },
    async deviation(pictures) {
      const groups = Math.floor(pictures.length / groupSize);
      let sum = 0;
      for (let g = 0; g < groups; g++) {
        const seen: Tensor[] = [];
        for (const rgb of pictures.slice(g * groupSize, (g + 1) * groupSize)) seen.push((await judge(rgb, 0)).features);
        const [, C, H, W] = seen[0].shape;
        const group = input("group", [groupSize, C, H, W]);
        const data = seen.flatMap((f) => [...f.data]);
        const found = evaluateGraph(graph({ d: groupDeviation(group, groupSize) }), new Map([["group", data]]));
        sum += (found.get("d") as Float64Array)[0];
      }
      return sum / Math.max(1, groups);
    },
    dispose: () => session.dispose(),
  };
}

/** The score below which `share` of these lie. */
export function lowestShare(scores: readonly number[], share: number): number {
  const sorted = [...scores].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
