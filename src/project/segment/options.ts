import { z } from "zod";
import { readPictureRange } from "../network/pictureModel.ts";
import { queueOptions } from "../queue/options.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { shardOption } from "../shards/shard.ts";
import { photoFits } from "./frame.ts";

/** A segmenter, and what a foreign model does not say of itself. */
export const segmenterMember = z.strictObject({
  file: option(
    z.string().min(1),
    "--model <file>",
    "the segmenter: the folder of a training run, a .safetensors of klish, any .onnx that gives logits or label maps, or portraits, the one that comes with klish",
  ),
  size: option(optional(z.int().min(8)), "--size <px>", "longer side of a photo as the model sees it", {
    otherwise: "the model's own, that of its training, or 512",
  }),
  range: option(
    z.union([z.literal("imagenet"), z.tuple([z.number(), z.number()]).readonly()]).default([0, 1]),
    "--range <low,high>",
    "values of black and white in the model's input, or imagenet (0 to 1, normalised by ImageNet's mean and deviation)",
    { read: readPictureRange, otherwise: "0,1" },
  ),
  output: option(optional(z.string().min(1)), "--output <name>", "which of the model's outputs", {
    otherwise: "the first",
  }),
});

/** How a photo is looked at. */
export const photoOptions = {
  fit: option(
    z.enum(photoFits).default("pad"),
    "--fit <how>",
    "pad keeps the photo's shape and repeats its edges around it; squash stretches it to the model's",
  ),
  flip: option(z.boolean().default(false), "--flip", "segment the mirrored photo too, and average: twice the time"),
  scales: option(
    z.array(z.number().min(0.25).max(4)).min(1).readonly().default([1]),
    "--scales <list>",
    "segment photos at several scales, such as 0.75,1,1.25, and average",
    { read: (text) => text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part))) },
  ),
  ignoreBelow: option(
    z.number().min(0).max(1).default(0),
    "--ignore-below <p>",
    "pixels whose class is less probable than this get 255, which training leaves out",
  ),
};

/** What `klish segment` can be asked for. */
export const segmentRequest = z.strictObject({
  model: segmenterMember,
  images: option(
    z.string().min(1),
    "--images <path>",
    "photos: a folder (with the folders in it), a .zip, or one file",
  ),
  outdir: option(z.string().min(1), "--outdir <folder>", "folder for photos and masks, to make or continue"),
  ...photoOptions,
  shard: shardOption(
    "only part i of n, in a folder of its own within; the same command without it joins the parts. auto takes i and n from the array job of Slurm, Kubernetes (auto/<n>) or AWS Batch",
  ),
  threads: runtimeOptions.threads,
  ...queueOptions,
});

export type SegmentRequest = z.output<typeof segmentRequest>;
