import { type Command, Option } from "commander";
import type { NoiseMode } from "../../gan/generator.ts";
import { parse, print, runWithProgress } from "../run.ts";

interface ConvertOptions {
  readonly network: string;
  readonly out: string;
  readonly layers: "none" | "auto" | "all" | string[];
  readonly trunc: number;
  readonly truncCutoff?: number;
  readonly noiseMode: NoiseMode;
  readonly half: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** klish convert: a checkpoint as ONNX or safetensors. */
export function addConvert(program: Command): void {
  program
    .command("convert")
    .summary("write a generator as .onnx or .safetensors")
    .description(
      `Writes one ONNX model, z (and c) to image and chosen feature maps for any batch, that runs in every ONNX runtime and
in browsers; or the weights as .safetensors with their settings. An .onnx gets feature maps as outputs.`,
    )
    .requiredOption("--network <file>", "generator: an official checkpoint or an .onnx; a file or an https URL")
    .requiredOption("--out <file>", "file to write: .onnx or .safetensors")
    .option(
      "--layers <choice>",
      "feature maps as outputs: none, auto (the paper's rule), 16+ (the same, from 16x16 up), all, or names",
      parse.layers,
      "auto",
    )
    .option("--trunc <psi>", "truncation to build in", parse.number(-10, 10), 1)
    .option("--trunc-cutoff <layers>", "truncate only the first layers (default: all)", parse.integer(0))
    .addOption(
      new Option("--noise-mode <mode>", "noise to build in; random makes it inputs")
        .choices(["const", "random", "none"])
        .default("const"),
    )
    .option("--half", "weights in half precision: half the size (.safetensors only)", false)
    .option("--json", "print the result as JSON", false)
    .option("--quiet", "no progress bar", false)
    .action(async (options: ConvertOptions) => {
      const { network, out, layers, noiseMode, trunc, truncCutoff, half } = options;
      const truncation = { truncationPsi: trunc, truncationCutoff: truncCutoff ?? null };
      const request = { network, out, layers, noiseMode, ...truncation, half };
      const result = await runWithProgress("convert", request, options);
      const outputs = result.outputs.length > 0 ? [`outputs  ${result.outputs.join(", ")}`] : [];
      print(result, [`wrote    ${result.out} (${(result.bytes / 1e6).toFixed(1)} MB)`, ...outputs], options.json);
    });
}
