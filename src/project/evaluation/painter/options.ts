import { z } from "zod";
import { painterOption } from "../../paint/options.ts";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";
import { inceptionMember } from "../options.ts";

/** What `klish evaluate painter` can be asked for. */
export const painterQualityRequest = z.strictObject({
  model: painterOption,
  data: option(
    z.string().min(1),
    "--data <dataset>",
    "pictures with masks, in any layout that klish reads; those that are not to learn from, where there are enough",
  ),
  segmenter: option(
    optional(z.string().min(1)),
    "--segmenter <file>",
    "judges whether paintings obey their masks, as klish segment takes it",
    { otherwise: "portraits for --model portraits; obedience is not measured without one" },
  ),
  inception: inceptionMember,
  outdir: option(z.string().min(1), "--outdir <folder>", "where tables and sheets go"),
  images: option(
    z.int().min(16).max(10_000).default(256),
    "--images <n>",
    "pictures that are compared, and masks that are painted",
  ),
  styles: option(
    z.int().min(2).max(64).default(4),
    "--styles <n>",
    "paintings of a mask whose differences are measured",
  ),
  ...runtimeOptions,
  /** The command line, to be shown. */
  command: z.string().default("the call of painterQualityJob"),
});
export type PainterQualityRequest = z.output<typeof painterQualityRequest>;
