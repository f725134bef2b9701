import { z } from "zod";
import { networkOption, samplingOptions, truncationOption } from "../../network/options.ts";
import { queueOptions } from "../../queue/options.ts";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";
import { shardOption } from "../../shards/shard.ts";
import { fits, readCrop } from "../../train/pictures/framing.ts";
import { type Resampling, resamplings } from "../../train/pictures/prepareImage.ts";
import { inceptionMember } from "../options.ts";

/** What `klish evaluate gan` can be asked for. */
export const ganQualityRequest = z.strictObject({
  network: networkOption,
  /** A folder or .zip of pictures, or the folder of a training run: its prepared pictures. */
  data: option(z.string().min(1), "--data <path>", "pictures: a folder, a .zip, or the folder of a training run"),
  samples: option(z.int().min(1).default(5000), "--samples <n>", "images of either kind"),
  crop: option(z.string().default("centre"), "--crop <region>", "region taken of a picture, as in klish train gan", {
    read: readCrop,
  }),
  fit: option(z.enum(fits).default("pad"), "--fit <how>", "non-square regions are padded with white, or squashed"),
  resize: option(
    z.enum(resamplings as [Resampling, ...Resampling[]]).default("lanczos"),
    "--resize <filter>",
    "how it is resized",
  ),
  inception: inceptionMember,
  ...samplingOptions(truncationOption),
  ...runtimeOptions,
  outdir: option(
    optional(z.string().min(1)),
    "--outdir <folder>",
    "keep what is measured of the images there, and go on from it; needed for --shard and --queue",
    { otherwise: "nothing is kept" },
  ),
  shard: shardOption(
    "measure only part i of n of the images; the same command without it compares them. auto takes i and n from the array job of Slurm, Kubernetes (auto/<n>) or AWS Batch",
  ),
  ...queueOptions,
});

/** What is asked for; what is left out has its default. */
export type GanQualityRequest = z.input<typeof ganQualityRequest>;
