import { describe, expect, it } from "vitest";
import { mayRunForever } from "../../src/graph/onnxLoops.ts";
import { OnnxError } from "../../src/graph/onnxModel.ts";
import { endlessModel, endlessPictureModel, node, onnxModel } from "../gan/onnxModels.ts";

describe("mayRunForever()", () => {
  it("is false of a plain model", () => {
    expect(mayRunForever(onnxModel())).toBe(false);
  });

  it("is true of a model with a loop, or an operator that is not ONNX's", () => {
    expect(mayRunForever(endlessModel())).toBe(true);
    expect(mayRunForever(endlessPictureModel())).toBe(true);
    expect(mayRunForever(onnxModel({ nodes: [node("SequenceMap", ["z"], "image")] }))).toBe(true);
    // NodeProto.domain of a node that is merged into the graph.
    const foreign = Uint8Array.of(0x3a, 7, 0x0a, 5, 0x3a, 3, ...new TextEncoder().encode("com"));
    expect(mayRunForever(new Uint8Array([...onnxModel(), ...foreign]))).toBe(true);
  });

  it("throws OnnxError for a file that is cut short", () => {
    expect(() => mayRunForever(onnxModel().subarray(0, 50))).toThrow(OnnxError);
  });
});
