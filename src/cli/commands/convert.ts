import type { Command } from "commander";
import type { ConvertSummary } from "../../project/generate/convertJob.ts";
import { convertRequest } from "../../project/generate/options.ts";
import { requestOf, withOptions, withOutput } from "../options.ts";
import { conclude, type NextStep, type OutputOptions, runWithProgress } from "../run.ts";
import { shellCommand } from "../shell.ts";

/** klish convert: a checkpoint as ONNX or safetensors. */
export function addConvert(program: Command): void {
  const convert = program
    .command("convert")
    .summary("write a generator, segmenter or painter as .onnx, or a generator or painter as .safetensors")
    .description(
      "Writes one ONNX model, z (and c) to image and chosen feature maps for any batch, that runs in every ONNX runtime and in " +
        "browsers; or the weights as .safetensors with their settings. An .onnx gets feature maps as outputs. A segmenter of klish, " +
        "or the folder of its training, becomes one of pictures of any number and size to logits; a painter one of masks and styles to pictures.",
    );
  withOutput(withOptions(convert, convertRequest)).action(async (options: OutputOptions) => {
    const result = await runWithProgress("convert", requestOf(convert, convertRequest), options);
    const outputs = result.outputs.length > 0 ? [`outputs  ${result.outputs.join(", ")}`] : [];
    conclude(result, [`wrote    ${result.out} (${(result.bytes / 1e6).toFixed(1)} MB)`, ...outputs], options, [
      ...nextSteps(result),
    ]);
  });
}

function nextSteps({ kind, out }: ConvertSummary): NextStep[] {
  if (kind === "segmenter")
    return [[shellCommand("segment", "--model", out, "--images", "photos", "--outdir", "masks"), "masks of photos"]];
  if (kind === "painter")
    return [[shellCommand("paint", "--model", out, "--masks", "masks", "--outdir", "painted"), "pictures of masks"]];
  return [
    [shellCommand("info", out), "see what it holds"],
    [shellCommand("generate", "--network", out, "--seeds", "0-15", "--outdir", "images"), "see what it draws"],
  ];
}
