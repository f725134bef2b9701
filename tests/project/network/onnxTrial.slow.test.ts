import { describe, expect, it } from "vitest";
import { GeneratorError } from "../../../src/gan/errors.ts";
import { tryOnnx } from "../../../src/gan/onnx/trial.ts";
import { OnnxError } from "../../../src/graph/onnxModel.ts";
import { tryOnnxApart } from "../../../src/project/network/onnxTrial.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { body, endlessModel, floats, integers, node, onnxModel } from "../../gan/onnxModels.ts";

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
