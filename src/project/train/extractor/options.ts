import { z } from "zod";
import { extractorMethods } from "../../extractor/settings.ts";
import {
  latentOption,
  networkWords,
  noiseOption,
  readLayers,
  truncationCutoff,
  truncationOption,
} from "../../network/options.ts";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";

/** What `klish train extractor` can be asked for. A run that is continued takes what it was started with. */
export const trainExtractorRequest = z
  .strictObject({
    network: option(optional(z.string().min(1)), ...networkWords),
    masks: option(
      optional(z.string().min(1)),
      "--masks <folder>",
      "index PNGs of generated images, named by their seeds: seed0007.png; 255 = not said",
    ),
    method: option(
      z.enum(extractorMethods).default("lse"),
      "--method <name>",
      "lse: a linear layer (seconds); mlp-ensemble: DatasetGAN's ten perceptrons, which say where they differ; cnn: RepurposeGAN's convolutions",
    ),
    outdir: option(optional(z.string().min(1)), "--outdir <folder>", "the run's folder, to make or to continue"),
    resume: option(optional(z.string().min(1)), "--resume <folder>", "a run to continue, as it was started"),
    classes: option(
      optional(z.array(z.string().min(1)).min(2).readonly()),
      "--classes <names>",
      "names of the classes by their numbers in the masks, separated by commas",
      { read: (text) => text.split(",").map((name) => name.trim()), otherwise: "classes.json of the masks" },
    ),
    layers: option(
      z.union([z.enum(["auto", "all"]), z.array(z.string().min(1)).min(1).readonly()]).default("all"),
      "--layers <choice>",
      "all, auto (the last of each resolution), 16+ (from 16x16 up), or names",
      { read: readLayers },
    ),
    resolution: option(
      optional(z.int().min(4).max(1024)),
      "--resolution <px>",
      "side of the maps that are learned from; masks of other sizes are resized to the nearest",
      {
        otherwise: "the generator's",
      },
    ),
    epochs: option(
      optional(z.number().positive().max(1e6)),
      "--epochs <n>",
      "passes over what is labelled, of mlp-ensemble and cnn",
      {
        otherwise: "mlp-ensemble: 4, more on few pixels; cnn: 100",
      },
    ),
    seed: option(z.int().min(0).default(0), "--seed <n>", "of everything random"),
    class: option(optional(z.int().min(0)), "--class <index>", "class of a conditional generator"),
    truncationPsi: truncationOption,
    truncationCutoff,
    noiseMode: noiseOption,
    latent: latentOption,
    saveMinutes: option(
      z.number().min(0).default(1),
      "--save <minutes>",
      "the state is saved at least this often: what a kill can cost",
    ),
    ...runtimeOptions,
    /** The command line, to be shown. */
    command: z.string().default("klish train extractor"),
  })
  .refine(({ outdir, resume }) => outdir !== null || resume !== null, {
    error: "say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run",
  });
export type TrainExtractorRequest = z.output<typeof trainExtractorRequest>;
