import { z } from "zod";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";
import { mirrorOption, runFolders, runOptions, squareOptions } from "../labelled/options.ts";
import { painterPresetNames, painterPresets } from "./presets.ts";

/** What `klish train painter` can be asked for. What is left out is as the run was begun, or a new one's default. */
export const trainPainterRequest = z.strictObject({
  ...runFolders,
  preset: option(
    optional(z.enum(painterPresetNames)),
    "--cfg, --preset <name>",
    painterPresetNames.map((name) => `${name}: ${painterPresets[name].title}`).join("; "),
    { otherwise: "auto" },
  ),
  ...squareOptions,
  width: option(
    optional(z.int().min(1).max(256)),
    "--width <channels>",
    "of the last maps of --cfg spade: fewer are faster",
    { otherwise: "64" },
  ),
  vgg: option(
    optional(z.string().min(1)),
    "--vgg <file.onnx>",
    "a VGG19, such as torchvision's exported, for --cfg spade: adds the perceptual loss of its authors",
    { otherwise: "no perceptual loss" },
  ),
  epochs: option(optional(z.number().positive().max(1e6)), "--epochs <n>", "passes over the data set", {
    otherwise: "20 (spade: 10), more for small sets: 100,000 pictures in all",
  }),
  hours: option(
    optional(z.number().positive().max(1e5)),
    "--hours <h>",
    "the most that training may take, interrupted runs counted together",
  ),
  batch: option(optional(z.int().min(2)), "--batch <n>", "pictures of an update", { otherwise: "8" }),
  mirror: mirrorOption,
  ...runOptions,
  ...runtimeOptions,
  /** The command line, to be shown. */
  command: z.string().default("klish train painter"),
});
export type TrainPainterRequest = z.output<typeof trainPainterRequest>;
