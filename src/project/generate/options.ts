import { z } from "zod";
import {
  layersMember,
  networkOption,
  noiseOption,
  readLayers,
  samplingOptions,
  truncationCutoff,
  truncationOption,
} from "../network/options.ts";
import { option, optional } from "../requests/request.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { parseSeeds, SEED } from "../requests/seeds.ts";

const seeds = z.array(SEED).min(1).readonly();
const byList = { read: parseSeeds };

/** What `klish generate` can be asked for: images of seeds, of given ws, of mixed styles, or on the way between seeds. */
export const generateRequest = z
  .strictObject({
    network: networkOption,
    outdir: option(z.string().min(1), "--outdir <folder>", "folder to write to", { aliases: ["--result-dir"] }),
    seeds: option(optional(seeds), "--seeds <list>", "seeds such as 0,1,4-6", byList),
    /** An .npz with `w` [N, layers, w]. */
    projectedW: option(
      optional(z.string().min(1)),
      "--ws, --projected-w <file>",
      "ws of a projection: .npz with w [N, layers, w]",
    ),
    /** Frames from each of the seeds to the next, on a closed path. */
    interpolate: option(
      optional(z.int().min(1)),
      "--interpolate [frames]",
      "frames of a closed path through --seeds, this many from each to the next",
      { alone: 60, otherwise: "none; 60 if no number is given" },
    ),
    rows: option(optional(seeds), "--rows <list>", "style mixing: seeds of the rows", {
      ...byList,
      aliases: ["--row-seeds"],
    }),
    cols: option(optional(seeds), "--cols <list>", "style mixing: seeds of the columns", {
      ...byList,
      aliases: ["--col-seeds"],
    }),
    styles: option(
      z.array(z.int().min(0)).readonly().default([0, 1, 2, 3, 4, 5, 6]),
      "--styles <list>",
      "style mixing: layers that the columns decide",
      { ...byList, aliases: ["--col-styles"] },
    ),
    /** Columns of a sheet of all images. Style mixing always makes its grid. */
    sheet: option(optional(z.int().min(1)), "--sheet [columns]", "also put all images on one sheet.png", {
      alone: 8,
      otherwise: "no sheet; 8 columns if no number is given",
    }),
    ...samplingOptions(truncationOption),
    ...runtimeOptions,
  })
  .refine(({ rows, cols }) => (rows === null) === (cols === null), {
    error: "style mixing needs both --rows and --cols",
  })
  .refine(({ seeds, projectedW, rows }) => [seeds, projectedW, rows].some((given) => given !== null), {
    error: "one of --seeds, --projected-w, or --rows with --cols is needed",
  })
  .refine(({ seeds, projectedW, rows }) => projectedW === null || (seeds === null && rows === null), {
    error: "--projected-w goes with neither --seeds nor --rows",
  })
  .refine(({ seeds, interpolate }) => interpolate === null || seeds !== null, {
    error: "--interpolate needs the --seeds that it leads through",
  });

/** What `klish convert` can be asked for. */
export const convertRequest = z.strictObject({
  network: networkOption,
  /** Path of the result; its ending says what it becomes: .onnx or .safetensors. */
  out: option(z.string().min(1), "--out <file>", "file to write: .onnx or .safetensors"),
  layers: option(
    layersMember.default("auto"),
    "--layers <choice>",
    "feature maps as outputs: none, auto (the paper's rule), 16+ (the same, from 16x16 up), all, or names",
    { read: readLayers },
  ),
  truncationPsi: truncationOption,
  truncationCutoff,
  noiseMode: noiseOption,
  half: option(z.boolean().default(false), "--half", "half precision, half the size (.safetensors only)"),
});

/** What is asked for; what is left out has its default. */
export type GenerateRequest = z.input<typeof generateRequest>;
export type ConvertRequest = z.input<typeof convertRequest>;
