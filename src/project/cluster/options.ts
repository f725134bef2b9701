import { z } from "zod";
import { layersMember, networkWords, readLayers, samplingOptions, truncationOr } from "../network/options.ts";
import { readPictureRange } from "../network/pictureModel.ts";
import { queueOptions } from "../queue/options.ts";
import { inGroup, option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { MOST_SEEDS, parseSeeds, SEED } from "../requests/seeds.ts";
import { SIDE } from "../requests/side.ts";
import { shardOption } from "../shards/shard.ts";

/** Bytes, given in GB. */
const gigabytes = (flag: string, help: string, otherwise: string) =>
  option(optional(z.number().min(0)), flag, help, {
    otherwise,
    read: (text) => {
      const value = Number(text);
      if (text.trim() === "" || !(value >= 0)) throw new RangeError(`expected a number of gigabytes, got "${text}"`);
      return value * 1e9;
    },
  });

/** How the pixels are clustered: these decide a run's numbers, whatever the generator, and stand in project.json as they are. */
export const clusteringOptions = inGroup("Clustering", {
  pixels: option(
    optional(z.int().min(1)),
    "--pixels <n>",
    "cluster about n pixels in all, one of each cell of a grid over every image",
  ),
  initialClusters: option(z.int().min(2).default(100), "--init-clusters <k>", "K0: clusters to start from"),
  seed: option(SEED.default(0), "--seed <n>", "seed of the clustering"),
  restarts: option(
    z.int().min(1).default(1),
    "--restarts <n>",
    "try the starts of this many seeds on a sample, and take the one whose clusters separate best",
  ),
  criterion: option(
    z.enum(["paper", "pair"]).default("pair"),
    "--criterion <rule>",
    "which clusters merge: the pair that overlaps most beyond chance, or the paper's lowest IoU into highest ECoS",
  ),
  balance: option(
    z.union([z.literal("auto"), z.number().min(0).max(1)]).default("auto"),
    "--balance <lambda>",
    "how much chance overlap the pair rule subtracts: 0 to 1, or auto",
  ),
  filter: option(
    z.boolean().default(false),
    "--filter",
    "drop the least separable start clusters and cluster again (paper)",
  ),
  tolerance: option(
    z.number().min(1e-8).max(0.1).default(1e-3),
    "--tolerance <gap>",
    "certified relative gap of every SVM",
  ),
  minClusters: option(z.int().min(2).default(2), "--min-clusters <k>", "stop merging at this K"),
  minIou: option(
    optional(z.number().min(0).max(1)),
    "--min-iou <t>",
    "stop merging when every cluster's IoU is at least this",
  ),
});

/** More processes than any machine starts. */
const MOST_WORKERS = 4096;

const clusteredNetwork = option(z.string().min(1), ...networkWords, { aliases: ["--extractor"] });

/** What `klish cluster` can be asked for. What is null is decided from the generator. */
export const clusterRequest = z.strictObject({
  network: clusteredNetwork,
  outdir: option(z.string().min(1), "--outdir <folder>", "project folder to make or continue", {
    aliases: ["--result-dir"],
  }),
  images: option(
    z.union([z.int().min(1).max(MOST_SEEDS), z.string().min(1)]).default(256),
    "--images <n>",
    "number of images to sample: seeds 0 to n-1. Or photos, a folder or .zip: --network is then an .onnx that turns pictures " +
      "into feature maps, and all photos are clustered, or those whose numbers are --seeds",
  ),
  seeds: option(optional(z.array(SEED).min(1).readonly()), "--seeds <list>", "the seeds themselves, such as 0,1,4-6", {
    read: parseSeeds,
  }),
  ...samplingOptions(truncationOr("0.7 where the generator can truncate")),
  layers: option(
    layersMember.default("auto"),
    "--layers <choice>",
    "auto (the paper's rule), 16+ (the same, from 16x16 up), all, or names separated by commas",
    { read: readLayers },
  ),
  /** Side of the label maps. */
  resolution: option(optional(SIDE), "--resolution <px>", "side of the label maps", {
    otherwise: "the image's, at most 64",
  }),
  pixelStride: option(optional(z.int().min(1)), "--pixel-stride <s>", "cluster one pixel of every s x s cell", {
    otherwise: "1, or as large as keeps to 262,144 pixels",
  }),
  ...inGroup("Photos through an extractor", {
    extractorSize: option(
      optional(z.int().min(8).max(4096)),
      "--extractor-size <px>",
      "side of the squares that it sees",
      {
        otherwise: "its own, or 224",
      },
    ),
    extractorRange: option(
      z.union([z.literal("imagenet"), z.tuple([z.number(), z.number()])]).default("imagenet"),
      "--extractor-range <low,high>",
      "values of black and white in its input, or imagenet (0 to 1, normalised by ImageNet's mean and deviation)",
      { read: readPictureRange },
    ),
  }),
  ...clusteringOptions,
  /** Bytes that the features may take. */
  memory: gigabytes(
    "--memory <GB>",
    "memory that features may take; beyond it they go to disk in half precision",
    "40 % of the machine's",
  ),
  /** Bytes that the features may take of the GPU's memory, where passes run on one. */
  deviceMemory: gigabytes(
    "--device-memory <GB>",
    "GPU memory that features may take; the rest is sent there at each pass",
    "4",
  ),
  keepFeatures: option(
    z.boolean().default(false),
    "--keep-features",
    "leave the features on disk in the project when done",
  ),
  ...runtimeOptions,
  ...queueOptions,
  ...inGroup("On several machines", {
    shard: shardOption(
      "only sample part i of n of the images, into the project; the same command without it takes them from there and clusters. auto takes i and n from the array job of Slurm, Kubernetes (auto/<n>) or AWS Batch",
    ),
    workers: option(
      optional(z.int().min(1).max(MOST_WORKERS)),
      "--workers <n>",
      "have n processes of one thread hold the features and compute on them; the result is the same for any n",
      { otherwise: "none: this process does, on all its threads" },
    ),
    shards: option(
      optional(z.int().min(1).max(MOST_WORKERS)),
      "--shards <n>",
      "parts that workers share; another number gives other last digits, and so other merges now and then",
      { otherwise: "16 with workers" },
    ),
  }),
  /** The command that continues the run, to be shown. */
  command: z.string().default("the call of clusterJob"),
});

/** What is asked for; what is left out has its default. */
export type ClusterRequest = z.input<typeof clusterRequest>;

/** Where a project's generator is now, for every command that samples it again. */
export const movedNetwork = option(
  optional(z.string().min(1)),
  "--network <file>",
  "new path of the project's generator, if it moved",
);

/** What `klish report` can be asked for. */
export const reportRequest = z.strictObject({
  /** The project folder. */
  outdir: z.string().min(1),
  network: movedNetwork,
  ...runtimeOptions,
});
