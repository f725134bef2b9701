import { z } from "zod";
import { methodNames } from "../../cluster/methods.ts";
import { movedNetwork } from "../cluster/options.ts";
import { readLayers, truncationOption } from "../network/options.ts";
import { readPictureRange } from "../network/pictureModel.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { parseSeeds, SEED } from "../requests/seeds.ts";
import { separabilityMethods } from "./separability.ts";

const path = z.string().min(1);
const list = (text: string): string[] => [...new Set(text.split(",").map((name) => name.trim()))];
const seedList = z.array(SEED).min(1).readonly();

/** A model that takes pictures, given by a flag and others that begin like it; null where it is not given. */
function pictureModel(flag: string, placeholder: string, help: string, size: string, range: readonly [number, number]) {
  return optional(
    z.strictObject({
      file: option(path, `--${flag} <${placeholder}>`, help),
      size: option(optional(z.int().min(1)), `--${flag}-size <px>`, "side of its input", { otherwise: size }),
      range: option(
        z.union([z.literal("imagenet"), z.tuple([z.number(), z.number()]).readonly()]).default([...range]),
        `--${flag}-range <low,high>`,
        "values of black and white in its input, or imagenet (0 to 1, normalised by ImageNet's mean and deviation)",
        { read: readPictureRange, otherwise: range.join(",") },
      ),
      output: option(optional(z.string().min(1)), `--${flag}-output <name>`, "which of its outputs", {
        otherwise: "the first",
      }),
    }),
  );
}

/** A model whose output is features: Inception for the FID. */
export const inceptionMember = pictureModel(
  "inception",
  "onnx",
  "a model from pictures to features: Inception-v3 of the FID",
  "the model's, or 299",
  [-1, 1],
);

/** Where true classes come from. */
const truthOptions = {
  truth: option(
    optional(path),
    "--truth <path>",
    "true classes: a folder of index PNGs seed0000.png ..., an .npz with `truth`, or an .npy; 255 is left out",
    { otherwise: "in --features" },
  ),
  segmenter: pictureModel(
    "segmenter",
    "file",
    "a segmenter whose output counts as the truth: an .onnx that gives logits or label maps, a .safetensors of klish, or " +
      "portraits, the one that comes with klish",
    "the model's, or the generator's",
    [0, 1],
  ),
};

/** What `klish evaluate clusters` can be asked for. */
export const evaluateRequest = z
  .strictObject({
    project: option(optional(path), "--project <folder>", "features: those of a project's generator and seeds"),
    features: option(optional(path), "--features <npz>", "features: layers [N,C,h,h], or points [N,D], in an .npz"),
    network: movedNetwork,
    ...truthOptions,
    outdir: option(path, "--outdir <folder>", "where the tables go, and what was measured so far is kept"),
    methods: option(
      z
        .array(z.enum(methodNames))
        .min(1)
        .readonly()
        .default([...methodNames]),
      "--methods <list>",
      "ways to cluster, separated by commas",
      { read: list, otherwise: "all" },
    ),
    /** Numbers of clusters. */
    ks: option(
      optional(z.array(z.int().min(2)).min(1).readonly()),
      "--k <list>",
      "numbers of clusters, such as 12,18,24",
      {
        read: (text) => [...new Set(parseSeeds(text))].sort((a, b) => a - b),
        otherwise: "the classes, 1.5 and 2 times",
      },
    ),
    seeds: option(seedList.default([0, 1, 2]), "--seeds <list>", "seeds of the clustering", { read: parseSeeds }),
    initialClusters: option(z.int().min(2).default(100), "--init-clusters <k>", "K0: clusters that KLiSH starts from"),
    background: option(
      optional(z.int().min(0)),
      "--background <class>",
      "true class that the foreground scores leave out",
    ),
    pixelStride: option(optional(z.int().min(1)), "--pixel-stride <s>", "one pixel of every s x s cell", {
      otherwise: "the project's, or 1",
    }),
    ...runtimeOptions,
    /** The command that continues it, to be shown. */
    command: z.string().default("the call of evaluateJob"),
  })
  .refine(({ project, features }) => (project === null) !== (features === null), {
    error: "say where the features are: either --project <folder> or --features <npz>",
  });

/** What `klish evaluate separability` can be asked for. */
export const separabilityRequest = z
  .strictObject({
    network: option(optional(path), "--network <file>", "features: of a generator's images"),
    project: option(optional(path), "--project <folder>", "features: those of a project's generator and seeds"),
    features: option(optional(path), "--features <npz>", "features: layers [N,C,h,h] in an .npz"),
    ...truthOptions,
    outdir: option(path, "--outdir <folder>", "where the tables go, and what was measured so far is kept"),
    images: option(z.int().min(2).default(80), "--images <n>", "of a --network: images, of seeds 0 to n - 1"),
    class: option(optional(z.int().min(0)), "--class <index>", "of a conditional --network"),
    truncationPsi: truncationOption,
    layers: option(
      z.union([z.enum(["auto", "all"]), z.array(z.string().min(1)).min(1).readonly()]).default("auto"),
      "--layers <choice>",
      "of a --network: auto, 16+ (from 16x16 up), all, or names",
      { read: readLayers },
    ),
    resolution: option(optional(z.int().min(2)), "--resolution <px>", "of a --network: side of the label maps", {
      otherwise: "the image's, at most 64",
    }),
    methods: option(
      z
        .array(z.enum(separabilityMethods))
        .min(1)
        .readonly()
        .default([...separabilityMethods]),
      "--methods <list>",
      "ways to learn, separated by commas",
      { read: list, otherwise: "all" },
    ),
    shots: option(
      z.array(z.int().min(1)).readonly().default([1, 10]),
      "--shots <list>",
      "images to learn from; all of them is always tried too",
      { read: parseSeeds, otherwise: "1,10" },
    ),
    splits: option(
      seedList.default([0, 1, 2, 3, 4]),
      "--splits <list>",
      "seeds of the splits into images to learn from and to judge on",
      { read: parseSeeds },
    ),
    testImages: option(optional(z.int().min(1)), "--test-images <n>", "images to judge on", {
      otherwise: "a quarter",
    }),
    mostPixels: option(
      z
        .int()
        .min(2)
        .default(2 ** 16),
      "--pixels <n>",
      "pixels that a classifier learns from, at most",
    ),
    ...runtimeOptions,
    /** The command that continues it, to be shown. */
    command: z.string().default("the call of separabilityJob"),
  })
  .refine(({ network, project, features }) => [network, project, features].filter((g) => g !== null).length === 1, {
    error: "say where the features are: one of --network <file>, --project <folder>, --features <npz>",
  });

/** What is asked for; what is left out has its default. */
export type EvaluateRequest = z.input<typeof evaluateRequest>;
export type SeparabilityRequest = z.input<typeof separabilityRequest>;
