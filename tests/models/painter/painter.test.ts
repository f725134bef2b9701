import { describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../../src/checkpoint/safetensors.ts";
import { CheckpointError } from "../../../src/checkpoint/stateDict.ts";
import { decodeOnnx } from "../../../src/graph/onnxModel.ts";
import { openPainterBytes } from "../../../src/models/painter/painter.ts";
import {
  PAINTER_METADATA,
  painterOnnx,
  painterSafetensors,
  readPainterBytes,
  styleOfSeed,
} from "../../../src/models/painter/painterFile.ts";
import { spadePlan } from "../../../src/models/painter/plan.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { tinyClasses, tinyMask, tinyPainter, tinyPainterBytes, tinyPlan } from "./tinyPainter.ts";

const where = { runtime: ortNode, threads: 1 };
const far = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0);

describe("a painter's files", () => {
  it("say the same of it as .safetensors, in half precision, and as .onnx", () => {
    const painter = tinyPainter();
    const read = readPainterBytes(painterSafetensors(painter));
    expect(read).toEqual(painter);
    const half = readPainterBytes(painterSafetensors(painter, { half: true }));
    expect(far(half.weights!.get("colours.weight")!.data, painter.weights.get("colours.weight")!.data)).toBeLessThan(
      2e-3,
    );
    expect(half.styles.data.slice(8, 12)).toEqual(painter.styles.data.slice(8, 12));
    const onnx = readPainterBytes(painterOnnx(painter));
    expect(onnx.about).toEqual(painter.about);
    expect(onnx.styles).toEqual(painter.styles);
    expect(onnx.weights).toBeUndefined();
  });

  it("have the ports that are promised", () => {
    const { inputs, outputs } = decodeOnnx(painterOnnx(tinyPainter())).graph;
    expect(inputs.map(({ name, shape }) => [name, ...shape])).toEqual([
      ["mask", "batch", 3, 16, 16],
      ["styles", "batch", 3, 4],
    ]);
    expect(outputs.map(({ name, shape }) => [name, ...shape])).toEqual([["image", "batch", 3, 16, 16]]);
  });

  it("are refused where they are none, cut, or claim what cannot be", () => {
    expect(() => readPainterBytes(writeSafetensors(new Map()))).toThrow(
      "this is no painter of klish: it does not say so",
    );
    const { tensors, metadata } = readSafetensors(tinyPainterBytes());
    const all = new Map([...tensors].map(([name, lazy]) => [name, lazy.read()]));
    const claim = (changes: object): Uint8Array =>
      writeSafetensors(all, {
        [PAINTER_METADATA]: JSON.stringify({ ...JSON.parse(metadata[PAINTER_METADATA]), ...changes }),
      });
    for (const [changes, message] of [
      [{ side: 18 }, "its side 18 does not fit its plan"],
      [{ side: 1e9 }, "its description is damaged (side)"],
      [{ places: 2 }, "its styles do not fit its plan"],
      [{ classes: [tinyClasses[0], tinyClasses[0], tinyClasses[1]] }, 'two classes are called "wall"'],
      [{ plan: { ...tinyPlan, start: 6 } }, "start.weight is [8,3,3,3], expected [6,3,3,3]"],
    ] as const)
      expect(() => readPainterBytes(claim(changes)), message).toThrow(message);
    expect(() => readPainterBytes(claim({ version: 2 }))).toThrow(CheckpointError);
    all.delete("styles");
    expect(() => readPainterBytes(claim({}))).toThrow("its styles are [missing]");
    // ModelProto.graph.node with the operator Loop, merged into a good file.
    const loop = Uint8Array.of(0x3a, 8, 0x0a, 6, 0x22, 4, ...new TextEncoder().encode("Loop"));
    expect(() => readPainterBytes(new Uint8Array([...painterOnnx(tinyPainter()), ...loop]))).toThrow("has a loop");
  });
});

it("styleOfSeed() takes each class from the first sample, in the seed's order, that has it", () => {
  const painter = { styles: tensor([2, 2, 1], Float32Array.of(1, Number.NaN, 3, 4)) };
  for (const seed of [0, 1, 2, 3, 4]) {
    const [first] = new RandomState(seed).permutation(2);
    expect([...styleOfSeed(painter, seed)]).toEqual([first === 0 ? 1 : 3, 4]);
  }
  expect([...styleOfSeed({ styles: tensor([1, 1, 1], Float32Array.of(Number.NaN)) }, 0)]).toEqual([0]);
});

describe.each(["clade", "spade"])("openPainterBytes(), %s", (kind) => {
  const plan =
    kind === "clade"
      ? tinyPlan
      : { ...spadePlan(1), ...tinyPlan, modulation: "spade" as const, hidden: 2, spectral: true };

  it("paints masks in styles, each by itself, from both files alike", async () => {
    const file = tinyPainter(plan);
    const [own, onnx] = await Promise.all(
      [painterSafetensors(file), painterOnnx(file)].map((bytes) => openPainterBytes(bytes, where)),
    );
    const styles = [own.style(0), own.style(1)];
    const both = await own.paint([tinyMask, new Uint8Array(256)], styles);
    expect(both.map((pixels) => pixels.length)).toEqual([1024, 1024]);
    expect(both[0].filter((_, i) => i % 4 === 3).every((alpha) => alpha === 255)).toBe(true);
    const [alone] = await onnx.paint([tinyMask], [onnx.style(0)]);
    expect(far(alone, both[0])).toBeLessThanOrEqual(1);
    const [other] = await own.paint([tinyMask], [styles[1]]);
    expect(far(other, both[0])).toBeGreaterThan(1);
    expect(await own.paint([], [])).toEqual([]);
    await expect(own.paint([new Uint8Array(3)], [styles[0]])).rejects.toThrow("mask 0 has 3 numbers, expected 256");
    await expect(own.paint([tinyMask], [styles[0].slice(1)])).rejects.toThrow("style 0 has");
    expect(onnx.encode).toBeUndefined();
    await Promise.all([own, onnx].map((painter) => painter.dispose()));
  });

  it("encodes the style of a picture, RGB or RGBA; what is not in it comes from another style", async () => {
    const painter = await openPainterBytes(painterSafetensors(tinyPainter(plan)), where);
    const rgb = Uint8Array.from({ length: 768 }, (_, i) => (i * 37) % 256);
    const rgba = Uint8ClampedArray.from({ length: 1024 }, (_, i) =>
      i % 4 === 3 ? 255 : rgb[Math.floor(i / 4) * 3 + (i % 4)],
    );
    const otherwise = painter.style(3);
    const style = await painter.encode!(rgb, tinyMask, otherwise);
    expect(await painter.encode!(rgba, tinyMask, otherwise)).toEqual(style);
    const noHat = tinyMask.map((id) => (id === 2 ? 1 : id));
    const bare = await painter.encode!(rgb, noHat, otherwise);
    if (kind === "clade") expect(bare.slice(8)).toEqual(otherwise.slice(8));
    else expect(bare).toEqual(style);
    await painter.dispose();
  });
});

it("painterOnnx() folds spectral normalisation into the weights: the same nodes as without", () => {
  const nodes = (spectral: boolean): string[] =>
    decodeOnnx(painterOnnx(tinyPainter({ ...tinyPlan, spectral }))).graph.nodes.map(({ opType }) => opType);
  expect(tinyPainter({ ...tinyPlan, spectral: true }).weights.has("block0.conv0.weight.u")).toBe(true);
  expect(nodes(true)).toEqual(nodes(false));
});
