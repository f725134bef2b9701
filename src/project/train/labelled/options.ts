import { z } from "zod";
import { option, optional } from "../../requests/request.ts";
import { fits } from "../pictures/framing.ts";

/** Where a training on pictures with masks reads and writes; null: as the run was begun, or a new one's default. */
export const runFolders = {
  data: option(
    optional(z.string().min(1)),
    "--data <folder>",
    "the data set: one of klish, or pictures with masks in any layout that klish reads",
  ),
  outdir: option(optional(z.string().min(1)), "--outdir <folder>", "the run's folder, to make or to continue"),
  resume: option(optional(z.string().min(1)), "--resume <folder>", "a run to continue, as it was started"),
};

/** How pictures with masks become squares. */
export const squareOptions = {
  resolution: option(
    optional(z.int().min(16).max(1024)),
    "--resolution <px>",
    "side of the squares that pictures become",
    { otherwise: "the pictures', at most 128" },
  ),
  fit: option(
    optional(z.enum(fits)),
    "--fit <how>",
    "a picture that is not square gets a border that does not count, or is squashed",
    { otherwise: "pad" },
  ),
};

/** Whether pictures with masks are turned left to right. */
export const mirrorOption = option(
  optional(z.boolean()),
  "--no-mirror",
  "never turn pictures left to right, where that changes what they mean; classes called left … and right … are exchanged",
);

/** What every training on pictures with masks takes last. */
export const runOptions = {
  seed: option(optional(z.int().min(0)), "--seed <n>", "of everything random", { otherwise: "0" }),
  saveMinutes: option(
    z.number().min(0).default(5),
    "--save <minutes>",
    "the state is saved at least this often: what a kill can cost",
  ),
};
