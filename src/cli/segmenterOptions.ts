import type { Command } from "commander";
import type { PictureModelRequest } from "../project/network/pictureModel.ts";
import { parse } from "./run.ts";

/** The values of the options that say which model sees the true classes. */
export interface SegmenterOptions {
  readonly segmenter?: string;
  readonly segmenterSize?: number;
  readonly segmenterRange: PictureModelRequest["range"];
  readonly segmenterOutput?: string;
}

/** Options of the commands that need true classes of generated images. */
export function withSegmenterOptions(command: Command): Command {
  return command
    .option(
      "--segmenter <file>",
      "sees the true classes in the images: an .onnx that gives logits or label maps, a .safetensors of klish, or " +
        "portraits, the one that is shipped",
    )
    .option("--segmenter-size <px>", "side of its input (default: the model's, or the generator's)", parse.integer(1))
    .option(
      "--segmenter-range <low,high>",
      "values of black and white in its input, or imagenet (0 to 1, mean and deviation taken off)",
      parse.pictureRange,
      [0, 1] as const,
    )
    .option("--segmenter-output <name>", "which of its outputs (default: the first)");
}

/** The model asked for, if any. */
export const segmenterRequest = (options: SegmenterOptions): PictureModelRequest | null =>
  options.segmenter === undefined
    ? null
    : {
        file: options.segmenter,
        size: options.segmenterSize ?? null,
        range: options.segmenterRange,
        output: options.segmenterOutput ?? null,
      };
