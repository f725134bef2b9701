import { z } from "zod";
import { networkOption, readLayers, samplingOptions, truncationOption } from "../network/options.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";

/** Of which generator classes are to be taught. */
export const teachRequest = z.strictObject({
  network: networkOption,
  outdir: option(z.string().min(1), "--outdir <folder>", "folder of what is taught"),
  layers: option(
    z.union([z.enum(["auto", "all"]), z.array(z.string().min(1)).min(1).readonly()]).default("auto"),
    "--layers <choice>",
    "auto (the last of each resolution, at most 1000 channels), all, 16+ (auto, from 16x16 up), or names",
    { read: readLayers },
  ),
  resolution: option(optional(z.int().min(4).max(1024)), "--resolution <px>", "side of the masks that are painted", {
    otherwise: "the generator's, at most 256",
  }),
  ...samplingOptions(truncationOption),
  ...runtimeOptions,
  /** The command line, to be shown. */
  command: z.string().default("klish studio"),
});
export type TeachRequest = z.output<typeof teachRequest>;
