import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { classesJson } from "../../../src/dataset/format.ts";
import { type DatasetClass, paletteOf } from "../../../src/dataset/labelMap.ts";
import { encodePng } from "../../../src/dataset/png.ts";
import { encodeOnnx, ONNX_FLOAT } from "../../../src/graph/onnxModel.ts";
import { segmentationJob } from "../../../src/project/evaluation/segmentationJob.ts";
import { SEGMENTER_METADATA } from "../../../src/project/segment/segmenterModel.ts";

const SIDE = 8;
const classes: DatasetClass[] = [
  { name: "background", color: "#000000", background: true },
  { name: "l_hand", color: "#ff0000", background: false },
  { name: "r_hand", color: "#00ff00", background: false },
];

/** Any size in; its classes are the brightest of red, green and blue. */
function brightestChannel(names?: readonly string[]): Uint8Array {
  const weight = new Uint8Array(Float32Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9).buffer);
  const shape = [1, 3, SIDE, SIDE];
  const port = (name: string) => ({ name, elementType: ONNX_FLOAT, shape });
  return encodeOnnx(
    {
      nodes: [{ opType: "Conv", inputs: ["x", "w"], outputs: ["logits"], attributes: {} }],
      initializers: [{ name: "w", dims: [3, 3, 1, 1], dataType: ONNX_FLOAT, rawData: weight }],
      inputs: [port("x")],
      outputs: [port("logits")],
    },
    names && new Map([[SEGMENTER_METADATA, JSON.stringify({ side: SIDE, classes: names.map((name) => ({ name })) })]]),
  );
}

let folder: string;
const file = (name: string): string => join(folder, name);

/**
 * Three photos of 8 x 8. The left half is background, blue; the right half a hand, red or green. In the last one the photo shows a
 * quarter more of the hand than the truth has.
 */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-segmentation-"));
  for (const name of ["images", "masks"]) await mkdir(file(`set/${name}`), { recursive: true });
  for (const [i, hand] of [1, 2, 1].entries()) {
    const from = i === 2 ? 2 : 4;
    const rgb = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, at) =>
      at % 3 === (Math.floor(at / 3) % SIDE < from ? 2 : hand - 1) ? 255 : 0,
    );
    const data = Uint8Array.from({ length: SIDE * SIDE }, (_, p) => (p % SIDE < 4 ? 0 : hand));
    await sharp(rgb, { raw: { width: SIDE, height: SIDE, channels: 3 } }).toFile(file(`set/images/p${i}.png`));
    await writeFile(
      file(`set/masks/p${i}.png`),
      encodePng({ width: SIDE, height: SIDE, data, palette: paletteOf(classes) }),
    );
  }
  await writeFile(file("set/classes.json"), classesJson(classes));
  await writeFile(file("plain.onnx"), brightestChannel());
  await writeFile(file("named.onnx"), brightestChannel(["l_hand", "r_hand", "background"]));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = <T extends object>(more: T) => ({ truth: file("set"), outdir: file("out"), threads: 1, ...more });

describe("segmentationJob()", () => {
  it("matches a model's classes to the truth's on the first photos and judges the others", async () => {
    const summary = await segmentationJob(request({ models: [file("plain.onnx")], matchImages: 2 }));
    // Of the last photo: hands merged, 32 of 48 right; background 16 of 32.
    expect(summary.models).toEqual([
      {
        name: file("plain.onnx"),
        file: file("plain.onnx"),
        mean: expect.closeTo((32 / 48 + 16 / 32) / 2, 9),
        papers: 1,
      },
    ]);
    expect(summary.text).toContain("class 0 → hand, class 1 → hand, class 2 → background");
    expect((await sharp(await readFile(summary.sheet)).metadata()).width).toBeGreaterThan(100);
    const [head, line] = (await readFile(summary.csv, "utf8")).split("\n");
    const scores = new Map(head.split(",").map((name, i) => [name, line.split(",")[i]]));
    expect(Number(scores.get("mIoU foreground"))).toBeCloseTo(2 / 3, 9);
    expect(Number(scores.get("accuracy"))).toBeCloseTo(48 / 64, 9);
  });

  it("matches by name, keeps sides apart when told to, and takes means over runs of one name", async () => {
    const models = [`hands=${file("named.onnx")}`, `hands=${file("named.onnx")}`];
    const summary = await segmentationJob(request({ models, matchImages: 0, mergeSides: false }));
    // l_hand in photos 0 and 2: 1 and 32/48; r_hand in photo 1: 1; background: 1, 1, 16/32.
    const mean = ((1 + 2 / 3) / 2 + 1 + (1 + 1 + 0.5) / 3) / 3;
    expect(summary.models.map((model) => model.mean)).toEqual([expect.closeTo(mean, 9), expect.closeTo(mean, 9)]);
    expect(summary.text).toContain(`| hands | 2 | ${(100 * mean).toFixed(1)} ± 0.0 |`);
  });

  it("says what is wrong with the truth or the models", async () => {
    const models = [file("plain.onnx")];
    await expect(segmentationJob(request({ models }))).rejects.toThrow(
      "has 3 photos; 100 are for matching, none are left",
    );
    await expect(segmentationJob(request({ models, matchImages: 0 }))).rejects.toThrow("does not name its classes");
    await expect(segmentationJob(request({ models, matchImages: 1, background: "sky" }))).rejects.toThrow(
      'the truth has no class "sky"; it has background, hand',
    );
  });
});
