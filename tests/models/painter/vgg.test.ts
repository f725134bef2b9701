import { describe, expect, it } from "vitest";
import { grad } from "../../../src/graph/grad.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { input } from "../../../src/graph/ops/index.ts";
import { painterOnnx } from "../../../src/models/painter/painterFile.ts";
import { readVgg, vggFeatures } from "../../../src/models/painter/vgg.ts";
import { perceptualDistance } from "../../../src/nn/semanticLosses.ts";
import { randn } from "../../../src/tensor/random.ts";
import { tinyPainter } from "./tinyPainter.ts";
import { tinyVgg, tinyVggWeights } from "./tinyVgg.ts";

describe("a user's VGG19", () => {
  it("readVgg() finds the convolutions of an .onnx in their order, and refuses other networks", () => {
    expect(readVgg(tinyVgg())).toEqual(tinyVggWeights());
    expect(() => readVgg(painterOnnx(tinyPainter()))).toThrow("expected 13 or more");
    expect(() => readVgg(Uint8Array.of(1, 2, 3))).toThrow();
  });

  const sides = (x = input("x", [2, 3, 16, 16])) => vggFeatures(tinyVggWeights(), x);

  it("vggFeatures() are of five sizes, none below 0, of colours as torchvision normalises them", () => {
    expect(sides().map(({ shape }) => shape)).toEqual([
      [2, 2, 16, 16],
      [2, 3, 8, 8],
      [2, 2, 4, 4],
      [2, 3, 2, 2],
      [2, 2, 1, 1],
    ]);
    // The mean colour of ImageNet becomes 0, so that the first maps are their biases.
    const mean = [0.485, 0.456, 0.406].flatMap((v) => new Array<number>(256).fill(2 * v - 1));
    const first = evaluateGraph(graph({ y: sides()[0] }), new Map([["x", [...mean, ...mean]]])).get("y")!;
    const [{ bias }] = tinyVggWeights();
    for (const c of [0, 1]) expect(first[c * 256 + 100]).toBeCloseTo(Math.max(0, bias.data[c]), 5);
  });

  it("perceptualDistance() is 0 for the same pictures, and has the gradient that differences in float64 give", () => {
    const [real, painted] = ["real", "painted"].map((name) => input(name, [2, 3, 16, 16]));
    const own = input("own", [2, 1, 1, 1]);
    const loss = perceptualDistance(sides(real), sides(painted), own);
    const feeds = new Map<string, ArrayLike<number>>([
      ["real", randn(1, 1536)],
      ["painted", randn(2, 1536)],
      ["own", [2, 0]],
    ]);
    const at = (changes: [string, ArrayLike<number>][]): number =>
      evaluateGraph(graph({ loss }), new Map([...feeds, ...changes])).get("loss")![0];
    expect(at([["painted", randn(1, 1536)]])).toBe(0);
    const gradient = evaluateGraph(graph({ d: grad(loss, [painted])[0] }), feeds).get("d")!;
    const values = Float64Array.from(feeds.get("painted")!);
    for (const i of [0, 300, 767]) {
      const moved = (step: number): number => at([["painted", values.with(i, values[i] + step)]]);
      expect((moved(1e-6) - moved(-1e-6)) / 2e-6).toBeCloseTo(gradient[i], 6);
    }
    // Of the second picture, which is in another's style, nothing is asked.
    expect(gradient.slice(768).every((v) => v === 0)).toBe(true);
  });
});
