import { type Command, InvalidArgumentError, Option } from "commander";
import type { GanQualitySummary } from "../../project/evaluation/ganQualityJob.ts";
import { type Fit, fits, parseCrop } from "../../project/train/pictures/framing.ts";
import { type Resampling, resamplings } from "../../project/train/pictures/prepareImage.ts";
import { type NetworkOptions, withNetworkOptions } from "../networkOptions.ts";
import { parse, print, runWithProgress } from "../run.ts";
import { table } from "../table.ts";

interface EvaluateGanOptions extends NetworkOptions {
  readonly data: string;
  readonly samples: number;
  readonly crop: string;
  readonly fit: Fit;
  readonly resize: Resampling;
  readonly inception?: string;
  readonly inceptionSize?: number;
  readonly inceptionRange: readonly [number, number] | "imagenet";
  readonly inceptionOutput?: string;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish evaluate gan: how far a generator's images are from real ones. */
export function addEvaluateGan(evaluate: Command): void {
  withNetworkOptions(
    evaluate
      .command("gan")
      .summary("measure a generator against real pictures")
      .description(
        "Sliced Wasserstein distance of patches at every scale; density and coverage, precision and recall of features of a " +
          "fixed random network; and, with a model of Inception, the Fréchet distance (FID). Figures compare generators of " +
          "one resolution against the same pictures, with the same number of samples.",
      ),
    "default: 1, none",
  )
    .requiredOption("--data <path>", "pictures: a folder, a .zip, or the folder of a training run")
    .option("--samples <n>", "images of either kind", parse.integer(1), 5000)
    .option("--crop <region>", "what is taken of a picture, as in klish train gan", crop, "centre")
    .addOption(new Option("--fit <how>", "what becomes of a region that is no square").choices(fits).default("pad"))
    .addOption(new Option("--resize <filter>", "how it is resized").choices(resamplings).default("lanczos"))
    .option("--inception <onnx>", "a model from pictures to features: Inception-v3 of the FID")
    .option("--inception-size <px>", "side of its input (default: the model's, or 299)", parse.integer(1))
    .option("--inception-range <low,high>", "values of black and white in its input, or imagenet", parse.pictureRange, [
      -1, 1,
    ] as const)
    .option("--inception-output <name>", "which of its outputs (default: the first)")
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: EvaluateGanOptions) => {
      const { network, data, samples, crop, fit, resize, latent, noiseMode, provider, inception } = options;
      const result = await runWithProgress(
        "evaluateGan",
        {
          network,
          data,
          samples,
          crop,
          fit,
          resize,
          inception:
            inception === undefined
              ? null
              : {
                  file: inception,
                  size: options.inceptionSize ?? null,
                  range: options.inceptionRange,
                  output: options.inceptionOutput ?? null,
                },
          class: options.class ?? null,
          truncationPsi: options.trunc ?? 1,
          truncationCutoff: options.truncCutoff ?? null,
          noiseMode,
          latent,
          provider,
          threads: options.threads ?? null,
        },
        options,
      );
      print(result, lines(result), options.json);
    });
}

function lines({
  samples,
  pictures,
  rejected,
  swd,
  density,
  coverage,
  precision,
  recall,
  fid,
}: GanQualitySummary): string[] {
  return table([
    [
      "images",
      `${samples} generated, ${samples} of ${pictures} real${rejected > 0 ? ` (${rejected} could not be read)` : ""}`,
    ],
    [
      "sliced Wasserstein",
      `${swd.mean.toFixed(2)} (${swd.levels.map(({ side, distance }) => `${side} px ${distance.toFixed(2)}`).join(", ")}), x 1000; 0 is equal`,
    ],
    ["density", `${density.toFixed(3)}; 1 is equal, less is less like the real ones`],
    ["coverage", `${coverage.toFixed(3)}; the share of real images with a generated one near`],
    ["precision", precision.toFixed(3)],
    ["recall", recall.toFixed(3)],
    ...(fid === null ? [] : [["Fréchet distance", fid.toFixed(2)]]),
  ]);
}

function crop(text: string): string {
  try {
    parseCrop(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
  return text;
}
