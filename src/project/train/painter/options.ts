import { z } from "zod";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";
import { fits } from "../pictures/framing.ts";
import { painterPresetNames, painterPresets } from "./presets.ts";

/** What `klish train painter` can be asked for. What is left out is as the run was begun, or a new one's default. */
export const trainPainterRequest = z.strictObject({
  data: option(
    optional(z.string().min(1)),
    "--data <folder>",
    "the data set: one of klish, or pictures with masks in any layout that klish reads",
  ),
  outdir: option(optional(z.string().min(1)), "--outdir <folder>", "the run's folder, to make or to continue"),
  resume: option(optional(z.string().min(1)), "--resume <folder>", "a run to continue, as it was started"),
  preset: option(
    optional(z.enum(painterPresetNames)),
    "--cfg, --preset <name>",
    painterPresetNames.map((name) => `${name}: ${painterPresets[name].title}`).join("; "),
    { otherwise: "auto" },
  ),
  resolution: option(
    optional(z.int().min(16).max(1024)),
    "--resolution <px>",
    "side of the squares that pictures become",
    { otherwise: "the pictures', at most 128" },
  ),
  width: option(
    optional(z.int().min(1).max(256)),
    "--width <channels>",
    "of the last maps of --cfg spade: fewer are faster",
    { otherwise: "64" },
  ),
  fit: option(
    optional(z.enum(fits)),
    "--fit <how>",
    "a picture that is not square gets a border that does not count, or is squashed",
    { otherwise: "pad" },
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
  mirror: option(
    optional(z.boolean()),
    "--no-mirror",
    "never turn pictures left to right, where that changes what they mean; classes called left … and right … are exchanged",
  ),
  seed: option(optional(z.int().min(0)), "--seed <n>", "of everything random", { otherwise: "0" }),
  saveMinutes: option(
    z.number().min(0).default(5),
    "--save <minutes>",
    "the state is saved at least this often: what a kill can cost",
  ),
  ...runtimeOptions,
  /** The command line, to be shown. */
  command: z.string().default("klish train painter"),
});
export type TrainPainterRequest = z.output<typeof trainPainterRequest>;
