import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GeneratorError } from "../../../src/gan/errors.ts";
import { tryOnnx } from "../../../src/gan/onnx/trial.ts";
import { OnnxError } from "../../../src/graph/onnxModel.ts";
import { openInception } from "../../../src/project/evaluation/gan/inception.ts";
import { tryOnnxApart, tryPicturesApart } from "../../../src/project/network/onnxTrial.ts";
import { openPhotoExtractor } from "../../../src/project/network/photoExtractor.ts";
import { openSegmenter } from "../../../src/project/segment/segmenter.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { body, endlessModel, endlessPictureModel, floats, integers, node, onnxModel } from "../../gan/onnxModels.ts";

describe("tryOnnxApart()", () => {
  it("finds what tryOnnx() finds", async () => {
    const model = { bytes: onnxModel() };
    expect(await tryOnnxApart(model, "normal")).toEqual(await tryOnnx(model, { runtime: ortNode, latent: "normal" }));
  });

  it("rejects with the same errors", async () => {
    const bytes = onnxModel({
      nodes: [node("Mul", ["z", "zero"], "w"), ...body("w")],
      more: [floats("zero", [], [0])],
    });
    await expect(tryOnnxApart({ bytes }, "normal")).rejects.toThrow(GeneratorError);
    await expect(tryOnnxApart({ bytes }, "normal")).rejects.toThrow("every seed gives the same image");
    await expect(tryOnnxApart({ bytes: Uint8Array.of(8, 7, 1) }, "normal")).rejects.toThrow(OnnxError);
  });

  it("ends a model with an endless loop", async () => {
    await expect(tryOnnxApart({ bytes: endlessModel() }, "normal", { seconds: 4 })).rejects.toThrow(
      "the model does not end: one trial run of it took more than 4 s",
    );
  });

  it("is stopped by its signal in the middle of a run", async () => {
    const controller = new AbortController();
    const trial = tryOnnxApart({ bytes: endlessModel() }, "normal", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 500);
    await expect(trial).rejects.toThrow("enough");
  });

  it("ends a model that fills the memory", async () => {
    const bytes = onnxModel({
      nodes: [
        ...body("z", "clean"),
        node("ReduceMean", ["clean"], "mean", { axes: [1, 2, 3], keepdims: 1 }),
        node("Expand", ["mean", "large"], "expanded"),
        node("ReduceMean", ["expanded"], "back", { axes: [1, 2, 3], keepdims: 1 }),
        node("Add", ["clean", "back"], "image"),
      ],
      more: [integers("large", [1, 1, 30_000, 20_000])],
    });
    await expect(tryOnnxApart({ bytes }, "normal", { memory: 2 ** 29 })).rejects.toThrow(
      "its trial run needs more than 0.5 GiB of memory",
    );
  });
});

describe("a model that takes pictures and never ends", () => {
  const options = { threads: 1, runtime: ortNode, provider: "cpu" } as const;
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-endless-"));
    file = join(folder, "endless.onnx");
    await writeFile(file, endlessPictureModel());
    await sharp({ create: { width: 16, height: 16, channels: 3, background: "#808080" } }).toFile(
      join(folder, "a.png"),
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is ended, and named", async () => {
    const pictures = { file, role: { name: "segmenter", option: "--model" }, side: 16 };
    await expect(tryPicturesApart({ bytes: endlessPictureModel() }, pictures, { seconds: 4 })).rejects.toThrow(
      `${file} does not end: one trial run of it took more than 4 s`,
    );
  });

  // Were it run in this process, nothing could stop it any more.
  it.each([
    [
      "a segmenter",
      (signal: AbortSignal) => openSegmenter({ file, size: null, range: [0, 1], output: null }, { ...options, signal }),
    ],
    [
      "a model of features",
      (signal: AbortSignal) =>
        openInception({ file, size: null, range: [0, 1], output: null }, 16, { ...options, signal }),
    ],
    [
      "an extractor",
      (signal: AbortSignal) =>
        openPhotoExtractor(
          { klish: "photo-extractor", version: 1, model: file, photos: folder, size: null, range: [0, 1] },
          { ...options, signal },
        ),
    ],
  ] as const)("leaves %s to be stopped", async (_, open) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 1500);
    await expect(open(controller.signal)).rejects.toThrow("enough");
  });
});
