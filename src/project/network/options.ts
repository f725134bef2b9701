import { z } from "zod";
import { inGroup, option, optional } from "../requests/request.ts";

/** How an ONNX generator draws its latent; checkpoints know. */
export const latentOption = option(
  z.enum(["normal", "uniform"]).default("normal"),
  "--latent <distribution>",
  "latent of an .onnx generator: N(0,1) or U(-1,1)",
);

export const noiseOption = option(
  z.enum(["const", "random", "none"]).default("const"),
  "--noise-mode <mode>",
  "per-pixel noise of StyleGAN2",
);

export const networkWords = [
  "--network <file>",
  "generator: any .onnx, an official checkpoint (file or https URL), the folder of a training run, or portraits, the " +
    "one that comes with klish",
] as const;

/** The generator, as every command takes it. */
export const networkOption = option(z.string().min(1), ...networkWords);

const psi = z.number().min(-10).max(10);
const PSI = ["--trunc <psi>", "truncation psi: towards 0 images are more alike, and cleaner"] as const;
const aliases = ["--truncation-psi"];

/** Truncation that is 1, none, unless asked for. */
export const truncationOption = option(psi.default(1), ...PSI, { aliases, otherwise: "1, none" });

/** Truncation that something else decides unless it is asked for. */
export const truncationOr = (otherwise: string): z.ZodDefault<z.ZodNullable<z.ZodNumber>> =>
  option(optional(psi), ...PSI, { aliases, otherwise });

/** Beyond these nobody truncates: images move away from the average image, or through it. */
const USUAL_PSI = [0, 1.5] as const;

/** What is odd about a truncation, as a sentence; undefined where nothing is. */
export function truncationWarning(truncationPsi: number | null): string | undefined {
  if (truncationPsi === null || (truncationPsi >= USUAL_PSI[0] && truncationPsi <= USUAL_PSI[1])) return undefined;
  return (
    `--trunc ${truncationPsi} is odd: 1 is no truncation and 0 the average image; ` +
    `${truncationPsi < 0 ? "below 0 images are turned into their opposites" : "far above 1 images fall apart"}.`
  );
}

export const truncationCutoff = option(
  optional(z.int().min(0)),
  "--trunc-cutoff <layers>",
  "truncate only the first layers",
  {
    otherwise: "all",
    aliases: ["--truncation-cutoff"],
  },
);

/** How samples are drawn: NVIDIA's flags where NVIDIA has them. The default of truncation is the command's. */
export const samplingOptions = <T extends z.ZodType>(truncationPsi: T) =>
  inGroup("Sampling", {
    class: option(optional(z.int().min(0)), "--class <index>", "class of a conditional generator"),
    truncationPsi,
    truncationCutoff,
    noiseMode: noiseOption,
    latent: latentOption,
  });

/** Which inner feature maps are taken. */
export const layersMember = z.union([z.enum(["none", "auto", "all"]), z.array(z.string().min(1)).min(1).readonly()]);

/** "auto", "16+" and "b8.conv0,b16.conv0" as the member above. */
export const readLayers = (text: string): z.output<typeof layersMember> =>
  text === "none" || text === "auto" || text === "all" ? text : text.split(",");
