import { z } from "zod";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";
import { mirrorOption, runFolders, runOptions, squareOptions } from "../labelled/options.ts";
import { augmentChoices, segmenterPresetNames, segmenterPresets } from "./presets.ts";

/** What `klish train segmenter` can be asked for. What is left out is as the run was begun, or a new one's default. */
export const trainSegmenterRequest = z.strictObject({
  ...runFolders,
  unlabelled: option(
    optional(z.string().min(1)),
    "--unlabelled <path>",
    "photos without labels to learn from as well, where the network is sure of them: a folder or a .zip",
  ),
  preset: option(
    optional(z.enum(segmenterPresetNames)),
    "--cfg, --preset <name>",
    segmenterPresetNames.map((name) => `${name}: ${segmenterPresets[name].title}`).join("; "),
    { otherwise: "auto" },
  ),
  ...squareOptions,
  epochs: option(optional(z.number().positive().max(1e6)), "--epochs <n>", "passes over the data set", {
    otherwise: "20, more for small sets: 20,000 pictures in all",
  }),
  hours: option(
    optional(z.number().positive().max(1e5)),
    "--hours <h>",
    "the most that training may take, interrupted runs counted together; the learning rate follows",
  ),
  batch: option(optional(z.int().min(1)), "--batch <n>", "labelled pictures of an update", {
    otherwise: "16; paper: 32",
  }),
  learningRate: option(optional(z.number().positive().max(1)), "--lr <rate>", "learning rate at the start", {
    otherwise: "0.001; small: 0.002",
  }),
  classWeights: option(
    optional(z.enum(["balanced", "none"])),
    "--class-weights <how>",
    "balanced: rarer classes count more, by the square root of their share",
    { otherwise: "none" },
  ),
  augment: option(
    optional(z.enum(augmentChoices)),
    "--augment <how>",
    "photo: framing, colours, blur, noise and compression; paper: colours and mirroring; none",
    { otherwise: "photo; paper's own for --cfg paper" },
  ),
  mirror: mirrorOption,
  threshold: option(
    optional(z.number().gt(0).lt(1)),
    "--threshold <p>",
    "of the surest class: how probable a pixel of a photo without labels must be to be learned from",
    { otherwise: "0.95" },
  ),
  ...runOptions,
  ...runtimeOptions,
  /** The command line, to be shown. */
  command: z.string().default("klish train segmenter"),
});
export type TrainSegmenterRequest = z.output<typeof trainSegmenterRequest>;
