import { z } from "zod";
import { formats, layouts } from "../../dataset/formats/index.ts";
import { movedNetwork } from "../cluster/options.ts";
import { truncationOr } from "../network/options.ts";
import { queueOptions } from "../queue/options.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { SIDE } from "../requests/side.ts";
import { splitOptions } from "../requests/split.ts";
import { shardOption } from "../shards/shard.ts";

const share = z.number().min(0).max(1);
const path = z.string().min(1);
const formatNames = formats.map((format) => format.name) as [string, ...string[]];
const layoutNames = layouts.map((layout) => layout.name) as [string, ...string[]];
const formatName = z.enum(formatNames);

/** What decides a dataset's bytes, whatever the project. These stand in dataset.json as they are. */
export const sampleOptions = {
  count: option(z.int().min(1).default(1000), "--count <n>", "seeds to look at"),
  firstSeed: option(z.int().min(0).default(0), "--first-seed <n>", "the first of them"),
  /** Part `index` (from 1) of `of`. */
  shard: shardOption(
    "only part i of n, in a folder of its own within; auto takes i and n from the array job of Slurm, Kubernetes (auto/<n>) or AWS Batch",
  ),
  imageFormat: option(
    z.enum(["png", "jpg", "webp"]).default("png"),
    "--image-format <format>",
    "file format of the images",
  ),
  quality: option(z.int().min(1).max(100).default(95), "--quality <q>", "quality of jpg and webp"),
  ignoreMargin: option(
    z.number().min(0).default(0),
    "--ignore-margin <m>",
    "pixels whose best score leads by less become 255",
  ),
  filter: z
    .strictObject({
      maxUncertain: option(
        optional(share),
        "--max-uncertain <share>",
        "leave out images with a larger share of uncertain pixels",
      ),
      minForeground: option(
        optional(share),
        "--min-foreground <share>",
        "leave out images whose foreground has a smaller share",
      ),
      require: option(
        z.array(z.string()).readonly().default([]),
        "--require <class>",
        "leave out images without this class; repeat it for several",
      ),
    })
    .prefault({}),
  split: splitOptions,
};

/** Layouts of other tools to write in the end, each in a folder of its name. */
const layoutsToo = option(
  z.array(formatName).readonly().default([]),
  "--format <name>",
  "write this layout too, in a folder of its name within; repeat it for several",
);

/** What `klish dataset` can be asked for. What is null is taken from the project or the generator. */
export const datasetRequest = z.strictObject({
  /** One project, or several of one generator: a mask of each for every image. */
  projects: option(
    z.array(path).min(1).readonly(),
    "--project <folder>",
    "project with labels (see klish label); repeat it to label every image in several ways",
  ),
  /** With one project: label files in place of its labels.json, a mask of each. */
  recipes: option(
    z.array(path).readonly().default([]),
    "--recipe <file>",
    "labels in place of the project's labels.json; repeat it for several masks",
  ),
  outdir: option(path, "--outdir <folder>", "folder to make or continue"),
  ...sampleOptions,
  /** Of generators that klish train gan made. */
  dropImplausible: option(
    optional(z.number().gt(0).lt(1)),
    "--drop-implausible <share>",
    "leave out images that the generator's discriminator finds worse than this share of a sample (generators of klish train gan)",
  ),
  /** With one label set. */
  agree: option(
    z.array(path).readonly().default([]),
    "--agree-with <project>",
    "another clustering of the same generator and layers (another --seed): pixels of which it says another class become 255; repeat it for several",
  ),
  formats: layoutsToo,
  resolution: option(optional(SIDE), "--resolution <px>", "side of images and masks", {
    otherwise: "the generator's",
  }),
  truncationPsi: truncationOr("the project's"),
  network: movedNetwork,
  ...runtimeOptions,
  ...queueOptions,
  /** Of shards. */
  upload: option(
    optional(path),
    "--upload <s3://…>",
    "with --shard: put the finished part into a folder of an S3 bucket, from where klish dataset join takes it",
  ),
  /** The command that continues it, to be shown. */
  command: z.string().default("the call of datasetJob"),
});

/** What `klish dataset join` can be asked for. */
export const joinRequest = z.strictObject({
  /** The folder that the shards share, a bucket's (s3://bucket/folder), or a folder for each. */
  folders: z.array(path).min(1).readonly(),
  outdir: option(optional(path), "--outdir <folder>", "folder of the whole", {
    otherwise: "the one that has the parts",
  }),
  formats: layoutsToo,
});

/** What `klish dataset export` can be asked for. */
export const exportRequest = z.strictObject({
  /** One folder of any kind, or the parts (shards) of one dataset. */
  from: z.array(path).min(1).readonly(),
  format: option(formatName, "--format <name>", "the format"),
  /** Layout of a foreign folder. */
  fromFormat: option(optional(z.enum([...layoutNames, "celebamask"])), "--from <name>", "layout of a foreign folder", {
    otherwise: "detected",
  }),
  recipe: option(optional(z.string()), "--recipe <name>", "the label set of a dataset that has several"),
  outdir: option(path, "--outdir <folder>", "new folder"),
  /** Shown in cards and descriptions. */
  name: option(optional(z.string()), "--name <name>", "title of the dataset", { otherwise: "its folder's name" }),
});

/** What `klish dataset verify` can be asked for. */
export const verifyRequest = z.strictObject({
  dataset: path,
  remake: option(z.int().min(0).default(8), "--remake <n>", "samples to make again and compare byte for byte"),
  projects: option(
    z.array(path).readonly().default([]),
    "--project <folder>",
    "new path of the project, if it moved; one for each label set",
  ),
  network: movedNetwork,
  ...runtimeOptions,
});

/** What `klish check` can be asked for. */
export const checkRequest = z.strictObject({
  folder: path,
  format: option(optional(z.enum(layoutNames)), "--format <name>", "the layout", { otherwise: "detected" }),
  recipe: option(optional(z.string()), "--recipe <name>", "of a dataset with several label sets, the one to check", {
    otherwise: "all",
  }),
  fix: option(
    optional(z.string().min(1)),
    "--fix <folder>",
    "write a copy there in which masks of 0 and 255, of 16 bits and of equal channels are mended, and check that",
  ),
});

/** What is asked for; what is left out has its default. */
export type DatasetRequest = z.input<typeof datasetRequest>;
/** What `jobs.datasetJoin` is asked for; what is left out has its default. */
export type JoinRequest = z.input<typeof joinRequest>;
/** What `jobs.datasetExport` is asked for; what is left out has its default. */
export type ExportRequest = z.input<typeof exportRequest>;
/** What `jobs.datasetVerify` is asked for; what is left out has its default. */
export type VerifyRequest = z.input<typeof verifyRequest>;
/** What `jobs.datasetCheck` is asked for; what is left out has its default. */
export type CheckRequest = z.input<typeof checkRequest>;
