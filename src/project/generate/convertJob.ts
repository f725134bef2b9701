import { dirname, resolve } from "node:path";
import { readCheckpoint } from "../../checkpoint/readCheckpoint.ts";
import { GeneratorError } from "../../gan/errors.ts";
import { exportOnnx, exportSafetensors } from "../../gan/exportNetwork.ts";
import { openOnnxGenerator } from "../../gan/onnx/onnxGenerator.ts";
import { buildNetwork, looksLikeOnnx } from "../../gan/openGenerator.ts";
import { selectLayers } from "../../gan/selectLayers.ts";
import { decodeOnnx, withExtraOutputs } from "../../graph/onnxModel.ts";
import { painterOnnx, painterSafetensors } from "../../models/painter/painterFile.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import { networkModel, trialOf } from "../network/network.ts";
import { isPainter, readPainter } from "../paint/painterModel.ts";
import { defineJob } from "../requests/request.ts";
import { isSegmenter, readSegmenter } from "../segment/segmenterModel.ts";
import { ProjectError, removeTemporaries, writeAtomic } from "../storage/files.ts";
import { convertRequest } from "./options.ts";

export interface ConvertSummary {
  readonly kind: "generator" | "segmenter" | "painter";
  readonly out: string;
  readonly bytes: number;
  readonly outputs: readonly string[];
}

/**
 * Writes a generator as one ONNX model (image and chosen feature maps, any batch), or as safetensors with its settings; a
 * segmenter of klish as an ONNX model of pictures of any number and size; a painter as either.
 */
export const convertJob = defineJob(convertRequest, async (request, job): Promise<ConvertSummary> => {
  const { network, out, layers, noiseMode, truncationPsi, truncationCutoff, half } = request;
  const toOnnx = out.endsWith(".onnx");
  if (!toOnnx && !out.endsWith(".safetensors"))
    throw new ProjectError(`${out}: the ending says what to write: .onnx or .safetensors.`);
  if (half && toOnnx) throw new ProjectError(`${out}: half precision is for .safetensors only.`);
  const segmenter = await isSegmenter(network);
  const painter = !segmenter && (await isPainter(network));
  const kind = segmenter ? "segmenter" : painter ? "painter" : "generator";
  const write = async (result: Uint8Array, outputs: readonly string[]): Promise<ConvertSummary> => {
    await removeTemporaries(dirname(out));
    await writeAtomic(out, result);
    return { kind, out, bytes: result.length, outputs };
  };
  if (segmenter) {
    if (!toOnnx) throw new ProjectError(`${out}: a segmenter becomes an .onnx.`);
    return write((await readSegmenter(network)).model, ["logits"]);
  }
  if (painter) {
    const { about, styles, weights, model } = await readPainter(network);
    if (toOnnx)
      return write(painterOnnx({ about, styles, ...(weights && { weights }), ...(model && { model }) }), ["image"]);
    if (weights === undefined)
      throw new ProjectError(`${network} is an .onnx, which has no weights by name: it stays an .onnx.`);
    return write(painterSafetensors({ about, styles, weights }, { half }), []);
  }

  const { bytes, externalData, sha256 } = await networkModel(network, job);
  if (looksLikeOnnx(bytes)) {
    if (!toOnnx)
      throw new GeneratorError(
        `${network} is an ONNX model already: it becomes an .onnx with feature maps as outputs, nothing else`,
      );
    if (truncationPsi !== 1 || noiseMode !== "const")
      throw new GeneratorError("truncation and noise are fixed inside an ONNX model and cannot be changed");
    if (externalData.length > 0 && resolve(dirname(out)) !== resolve(dirname(network)))
      throw new ProjectError(
        `${network} keeps weights in other files (${externalData.map(({ path }) => path).join(", ")}), which ${out} would look for in its own folder: write it beside the model.`,
      );
    const trial = trialOf(sha256, job);
    const generator = await openOnnxGenerator({ bytes, externalData }, { runtime: ortNode, provider: "cpu", trial });
    const names = selectLayers(generator.info.layers, layers).layers.map((l) => l.name);
    await generator.dispose();
    const model = withExtraOutputs(bytes, names);
    return write(
      model,
      decodeOnnx(model).graph.outputs.map((output) => output.name),
    );
  }
  const built = buildNetwork(readCheckpoint(bytes), network);
  if (!toOnnx) return write(exportSafetensors(built, { half }), []);
  const names = selectLayers(built.info.layers, layers).layers.map((l) => l.name);
  const model = exportOnnx(built, {
    layers: names,
    noiseMode,
    truncationPsi,
    ...(truncationCutoff === null ? {} : { truncationCutoff }),
  });
  return write(model, ["image", ...names]);
});
