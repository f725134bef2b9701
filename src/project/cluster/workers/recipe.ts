/** What all workers of a run must agree on, and the shards that follow from it. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { sampledLayers, sampleInto } from "../../../features/sampleFeatures.ts";
import type { Generator, GeneratorInfo } from "../../../gan/generator.ts";
import type { Blas } from "../../../numeric/blas.ts";
import { subset } from "../../../pixels/denseFeatures.ts";
import { pyramidBuilder } from "../../../pixels/pyramid/featurePyramid.ts";
import { pyramidFeatures } from "../../../pixels/pyramid/pyramid.ts";
import type { PyramidData } from "../../../pixels/pyramid/pyramidData.ts";
import type { ShardLayout } from "../../../pixels/shards/shardedPixels.ts";
import type { ShardFeatures } from "../../../pixels/shards/shardPasses.ts";
import { providers } from "../../../runtime/session.ts";
import { packageVersion, versions } from "../../storage/versions.ts";
import { clusteredGrid, clusteredPixels, featureOptions, layersOf } from "../request.ts";
import { type ClusterSettings, clusterSettings } from "../settings.ts";

const VERSION = z.string().max(64);

/** What the features are made from, and with what: all that decides a sum over a shard. */
export const shardRecipe = z.strictObject({
  klish: VERSION,
  "onnxruntime-node": VERSION,
  /** Where the generator runs. */
  provider: z.enum(providers),
  settings: clusterSettings.extend({ shards: z.int().min(1) }),
});
export type ShardRecipe = z.infer<typeof shardRecipe>;

/** The settings of a run in shards. */
export type ShardedSettings = ShardRecipe["settings"];

export const isSharded = (settings: ClusterSettings): settings is ShardedSettings => settings.shards !== null;

/** The recipe of a run, made by this version. Where the generator lies is each machine's own, and not in it. */
export function recipeOf(settings: ShardedSettings, provider: ShardRecipe["provider"]): ShardRecipe {
  return {
    klish: packageVersion(),
    "onnxruntime-node": versions()["onnxruntime-node"],
    provider,
    settings: { ...settings, network: "" },
  };
}

/** What tells recipes apart. */
export const recipeHash = (recipe: ShardRecipe): string =>
  createHash("sha256")
    .update(JSON.stringify(shardRecipe.parse(recipe)))
    .digest("hex");

/** The images of a shard: consecutive ones, as many in each as can be. */
export function imagesOf(
  { seeds, shards }: ShardedSettings,
  shard: number,
): { readonly first: number; readonly end: number } {
  const at = (n: number): number => Math.floor((n * seeds.length) / shards);
  return { first: at(shard), end: at(shard + 1) };
}

/** How the clustered pixels lie in shards. */
export function shardLayout(settings: ShardedSettings, info: GeneratorInfo): ShardLayout {
  const { rows, columns } = clusteredGrid(settings);
  const each = rows * columns;
  return {
    pixels: Array.from({ length: settings.shards }, (_, shard) => {
      const { first, end } = imagesOf(settings, shard);
      return (end - first) * each;
    }),
    channels: layersOf(settings, info).reduce((sum, { channels }) => sum + channels, 0),
    alignment: clusteredPixels(settings) === undefined ? each : 1,
  };
}

/** The numbers of a shard, as a worker sends them: its levels one after another. */
function joinLevels({ levels }: Pick<PyramidData, "levels">): Float32Array {
  const joined = new Float32Array(levels.reduce((sum, { data }) => sum + data.length, 0));
  let at = 0;
  for (const { data } of levels) {
    joined.set(data, at);
    at += data.length;
  }
  return joined;
}

/** Computes the features of shards, from their seeds. */
export function shardMaker(
  settings: ShardedSettings,
  generator: Generator,
  blas: Blas,
): (shard: number) => Promise<ShardFeatures> {
  const { resolution } = settings;
  const chosen = clusteredPixels(settings);
  const options = featureOptions(settings, generator.info);
  return async (shard) => {
    const { first, end } = imagesOf(settings, shard);
    const seeds = settings.seeds.slice(first, end);
    const builder = pyramidBuilder({ images: seeds.length, layers: sampledLayers(options), resolution });
    await sampleInto(generator, seeds, options, async (at, _, sample) => builder.add(at, (await sample()).layers));
    const data = builder.finish();
    const pixels = pyramidFeatures(data, blas);
    if (chosen === undefined) return { pixels, maps: () => joinLevels(data) };
    const own = chosen.filter((n) => n >= first * resolution ** 2 && n < end * resolution ** 2);
    const within = own.map((n) => n - first * resolution ** 2);
    return { pixels: await subset(pixels, within) };
  };
}
