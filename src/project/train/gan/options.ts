import { z } from "zod";
import { option, optional } from "../../requests/request.ts";
import { runtimeOptions } from "../../requests/runtime.ts";
import { SEED } from "../../requests/seeds.ts";
import { fits, readCrop } from "../pictures/framing.ts";
import { type Resampling, resamplings } from "../pictures/prepareImage.ts";
import { type PresetName, presets } from "./presets.ts";

const path = z.string().min(1);
const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]];
const describePreset = (name: PresetName): string => `${name}: ${presets[name].title} (${presets[name].kimg} kimg)`;

/** "16" to "1024", powers of two. Throws RangeError for anything else. */
function readSide(text: string): number {
  const value = Number(text);
  if (!(value >= 16 && value <= 1024 && Number.isInteger(Math.log2(value))))
    throw new RangeError(`expected 16, 32, 64, 128, 256, 512 or 1024, got "${text}"`);
  return value;
}

/** Whether snapshots are measured. Throws RangeError for other words than those of the flag. */
function readMetrics(text: string): boolean {
  if (text !== "quality" && text !== "none") throw new RangeError(`expected quality or none, got "${text}"`);
  return text === "quality";
}

/** What a run can be begun with. null: as the run was begun, or the default of a new one. */
export const trainOptions = {
  data: option(optional(path), "--data <path>", "pictures: a folder (with the folders in it) or a .zip"),
  preset: option(optional(z.enum(presetNames)), "--cfg, --preset <name>", presetNames.map(describePreset).join("; "), {
    otherwise: "auto",
  }),
  resolution: option(optional(z.int()), "--resolution <px>", "side of the images: 16, 32, … 1024", {
    read: readSide,
    otherwise: "by the pictures, at most 64",
  }),
  crop: option(
    optional(z.string()),
    "--crop <region>",
    "region taken of a picture: centre (the largest square), none (all), or x,y,w,h in pixels, percent (10%) or parts (12/178)",
    { read: readCrop, otherwise: "centre" },
  ),
  fit: option(optional(z.enum(fits)), "--fit <how>", "non-square regions are padded with white, or squashed", {
    otherwise: "pad",
  }),
  resize: option(
    optional(z.enum(resamplings as [Resampling, ...Resampling[]])),
    "--resize <filter>",
    "how pictures are resized; nearest for pixel art",
    { otherwise: "lanczos" },
  ),
  mirror: option(optional(z.boolean()), "--mirror", "also take every picture turned left to right", {
    aliases: ["--mirror-augment"],
  }),
  /** false: all of the run at its resolution. */
  grow: option(
    optional(z.boolean()),
    "--no-grow",
    "train at the full resolution from the start; quick and auto begin at 16 px and double it, which is much cheaper",
  ),
  kimg: option(optional(z.number().min(0.001).max(1e6)), "--kimg <n>", "length of training, in thousands of images", {
    otherwise: "the preset's",
    aliases: ["--total-kimg"],
  }),
  hours: option(
    optional(z.number().min(0.001).max(1e5)),
    "--hours <h>",
    "or in hours of training, interrupted runs counted together",
  ),
  batch: option(optional(z.int().min(1)), "--batch <n>", "images per update, in every stage", {
    otherwise: "by the resolution",
  }),
  gamma: option(optional(z.number().min(0).max(1e6)), "--gamma <weight>", "weight of R1, in every stage", {
    otherwise: "0.1 at 16 px, then 1 or more; paper: 0.0002 resolution² / batch",
  }),
  learningRate: option(optional(z.number().min(1e-7).max(1)), "--lr <rate>", "learning rate", { otherwise: "0.0025" }),
  channelBase: option(optional(z.int().min(1)), "--cbase <n>", "channels of a layer: cbase / its resolution, …", {
    otherwise: "the preset's",
  }),
  channelMax: option(optional(z.int().min(1)), "--cmax <n>", "… but at most cmax", { otherwise: "the preset's" }),
  mappingLayers: option(optional(z.int().min(1)), "--map-depth <n>", "layers of the mapping network", {
    otherwise: "the preset's",
  }),
  noise: option(
    optional(z.boolean()),
    "--no-noise",
    "no noise inputs: for pictures whose every detail follows from what they show",
  ),
  aug: option(optional(z.enum(["ada", "noaug"])), "--aug <mode>", "adaptive augmentation, or none", {
    otherwise: "ada",
  }),
  target: option(
    optional(z.number().min(-1).max(1)),
    "--target <sign>",
    "where ada keeps the mean sign of D on real images",
    { otherwise: "0.6" },
  ),
  seed: option(optional(SEED), "--seed <n>", "seed of everything random", { otherwise: "0" }),
  tick: option(optional(z.int().min(1)), "--tick <kimg>", "thousands of images between two lines of the log", {
    otherwise: "1",
  }),
  snap: option(optional(z.int().min(1)), "--snap <ticks>", "ticks between two snapshots and sample sheets", {
    otherwise: "10",
  }),
};

/** What `klish train gan` can be asked for. */
export const trainGanRequest = z
  .strictObject({
    ...trainOptions,
    /** The run's folder; null: that of `resume`. */
    outdir: option(optional(path), "--outdir <folder>", "the run's folder, to make or to continue", {
      aliases: ["--result-dir"],
    }),
    /** A run to continue; or a run, state or network whose weights a new one begins with. */
    resume: option(
      optional(path),
      "--resume <path>",
      "a run to continue (without --outdir); or a run, state or StyleGAN2 network whose weights a new run in --outdir begins with",
    ),
    /** Whether every snapshot is measured against the real images. */
    metrics: option(
      z.boolean().default(true),
      "--metrics <which>",
      "what is measured with every snapshot: quality, the distance to the real images, or none",
      { read: readMetrics, otherwise: "quality" },
    ),
    /** A state is saved at least this often. */
    saveMinutes: option(
      z.number().min(0).max(1e4).default(5),
      "--save <minutes>",
      "save the state at least this often: the most that a kill can cost",
    ),
    ...runtimeOptions,
    /** The command that continues it, to be shown. */
    command: z.string().default("the call of trainGanJob"),
  })
  .refine(({ outdir, resume }) => outdir !== null || resume !== null, {
    error: "say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run",
  });

/** What the user asked for; null: as the run was begun, or the default of a new one. */
export type TrainOptions = Pick<z.output<typeof trainGanRequest>, keyof typeof trainOptions>;
/** The request with its defaults. */
export type TrainGanRequest = z.output<typeof trainGanRequest>;
