import { z } from "zod";
import { option } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { splitOptions } from "../requests/split.ts";

/** What decides the bytes of portraits. These stand in portraits.json as they are. */
export const portraitOptions = {
  resolution: option(z.int().min(8).max(4096).default(64), "--resolution <px>", "side of images and masks"),
  firstSeed: option(z.int().min(0).default(0), "--first-seed <n>", "number of the first portrait"),
  count: option(z.int().min(1).default(1000), "--count <n>", "number of portraits"),
  split: splitOptions,
};

/** What `klish portraits` can be asked for. */
export const portraitsRequest = z
  .strictObject({
    outdir: option(z.string().min(1), "--outdir <folder>", "folder for images and masks, to make or continue"),
    ...portraitOptions,
    threads: runtimeOptions.threads,
  })
  .refine(({ firstSeed, count }) => firstSeed + count <= 2 ** 32, {
    error: "seeds end at 4294967295: lower --first-seed or --count",
  });

/** What is asked for; what is left out has its default. */
export type PortraitsRequest = z.input<typeof portraitsRequest>;
