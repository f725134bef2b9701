import { z } from "zod";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { SEED } from "../requests/seeds.ts";
import { readCrop } from "../train/pictures/framing.ts";

/** What `klish auto` can be asked for. */
export const autoRequest = z.strictObject({
  data: option(z.string().min(1), "--data <path>", "your photos: a folder (with the folders in it) or a .zip"),
  outdir: option(z.string().min(1), "--outdir <folder>", "where everything goes, to make or to continue"),
  hours: option(
    z.number().min(0.005).max(1000).default(2),
    "--hours <h>",
    "time for both trainings; the rest takes minutes. More hours give better parts",
  ),
  start: option(
    optional(z.string().min(1)),
    "--start <network>",
    "a generator to begin with: portraits (ours; for photos of heads it saves hours), a run of klish train gan, or a StyleGAN2",
    { otherwise: "none" },
  ),
  resolution: option(optional(z.int()), "--resolution <px>", "side of the generator's images: 16, 32, … 256", {
    otherwise: "by the photos and hours, 32 or 64",
  }),
  crop: option(
    optional(z.string()),
    "--crop <region>",
    "what is taken of each photo: centre, none, or x,y,w,h, as klish train gan takes it",
    { read: readCrop, otherwise: "centre" },
  ),
  mirror: option(z.boolean().default(true), "--no-mirror", "never mirror photos, where that changes what they mean"),
  pictures: option(
    z.int().min(100).max(1_000_000).default(10_000),
    "--pictures <n>",
    "generated pictures with masks that the segmenter learns from",
  ),
  k: option(optional(z.int().min(2)), "--k <k>", "number of parts", { otherwise: "found" }),
  seed: option(SEED.default(0), "--seed <n>", "seed of everything random"),
  ...runtimeOptions,
  /** The command that continues it, to be shown. */
  command: z.string().default("the call of autoJob"),
});
export type AutoRequest = z.output<typeof autoRequest>;
