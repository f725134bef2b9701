import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { classesJson } from "../../../src/dataset/format.ts";
import { fillGaps, paletteOf, resizedLabels } from "../../../src/dataset/labelMap.ts";
import { decodePng, encodePng } from "../../../src/dataset/png.ts";
import { openPainterBytes } from "../../../src/models/painter/painter.ts";
import { painterOnnx } from "../../../src/models/painter/painterFile.ts";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { portraitOf } from "../../../src/portraits/render.ts";
import { convertJob } from "../../../src/project/generate/convertJob.ts";
import { changedShare } from "../../../src/project/paint/edit.ts";
import { paintJob } from "../../../src/project/paint/job.ts";
import { openMasks } from "../../../src/project/paint/masks.ts";
import { isPainter, readPainter } from "../../../src/project/paint/painterModel.ts";
import { portraitsJob } from "../../../src/project/portraits/job.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { tinyClasses, tinyMask, tinyPainter, tinyPainterBytes } from "../../models/painter/tinyPainter.ts";

let folder: string;
let model: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-paint-"));
  model = join(folder, "painter.safetensors");
  await writeFile(model, tinyPainterBytes());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (...names: string[]): string => join(folder, ...names);
const indexPng = (data: Uint8Array, side = 16): Uint8Array =>
  encodePng({ width: side, height: side, data, palette: paletteOf(tinyClasses) });
/** A folder with one mask, and a list of classes beside it. */
async function maskFolder(name: string, png: Uint8Array, classes?: readonly string[]): Promise<string> {
  await mkdir(at(name), { recursive: true });
  await writeFile(at(name, "one.png"), png);
  const listed = classes?.map((c, i) => ({ name: c, color: `#0000${i + 10}`, background: false }));
  if (listed !== undefined) await writeFile(at(name, "classes.json"), classesJson(listed));
  return at(name);
}
const paint = (changes: Partial<Parameters<typeof paintJob>[0]>) =>
  paintJob({ model, outdir: at("out"), provider: "cpu", threads: 1, ...changes }, {});
const rgbOf = (path: string): Promise<Buffer> => sharp(path).removeAlpha().raw().toBuffer();

describe("paintJob()", () => {
  it("paints masks as the painter does, and leaves a data set and a sheet", async () => {
    const masks = await maskFolder("plain", indexPng(tinyMask));
    const result = await paint({ masks, style: "3" });
    expect(result).toMatchObject({ paintings: 1, filled: 0, changed: null });
    expect((await readdir(at("out"))).sort()).toEqual(["classes.json", "images", "masks", "paint.json", "sheet.png"]);
    const painter = await openPainterBytes(tinyPainterBytes(), { runtime: ortNode });
    const [expected] = await painter.paint([tinyMask], [painter.style(3)]);
    await painter.dispose();
    const got = await rgbOf(at("out", "images", "one.png"));
    expect([...got]).toEqual([...expected].filter((_, i) => i % 4 !== 3));
    expect([...decodePng(await readFile(at("out", "masks", "one.png"))).data]).toEqual([...tinyMask]);
    // Again into the same folder, in several styles, one of them a mix.
    expect((await paint({ masks, style: "0-2", mix: "3", share: 1 })).paintings).toBe(3);
    expect(await rgbOf(at("out", "images", "one-style1.png"))).toEqual(got);
  });

  it("finds classes by name: a mask's ids may be others than the painter's", async () => {
    const turned = tinyMask.map((id) => 2 - id);
    const masks = await maskFolder("named", indexPng(turned), ["hat", "Skin", "wall"]);
    await paint({ masks, style: "3", outdir: at("named-out") });
    await paint({ masks: await maskFolder("own", indexPng(tinyMask)), style: "3", outdir: at("own-out") });
    expect(await rgbOf(at("named-out", "images", "one.png"))).toEqual(await rgbOf(at("own-out", "images", "one.png")));
  });

  it("takes an .onnx for the .safetensors", async () => {
    await writeFile(at("painter.onnx"), painterOnnx(tinyPainter()));
    const masks = await maskFolder("onnx", indexPng(tinyMask));
    await paint({ masks, model: at("painter.onnx"), outdir: at("onnx-out") });
    await paint({ masks, outdir: at("onnx-same") });
    const [a, b] = [
      await rgbOf(at("onnx-out", "images", "one.png")),
      await rgbOf(at("onnx-same", "images", "one.png")),
    ];
    expect(a.every((v, i) => Math.abs(v - b[i]) <= 1)).toBe(true);
    const style = { style: at("onnx-out", "images", "one.png"), styleMask: join(masks, "one.png") };
    await expect(paint({ masks, model: at("painter.onnx"), outdir: at("no"), ...style })).rejects.toThrow(
      "has no encoder",
    );
    expect((await paint({ masks, outdir: at("styled"), ...style })).paintings).toBe(1);
  });

  it.each([
    ["an id that no class has", () => indexPng(tinyMask.map((id) => id + 1)), undefined, "one.png: id 3 in 40 pixels; there are 3 classes (id-out-of-range)"], // biome-ignore format: a table
    ["a class that the painter has not", () => indexPng(tinyMask), ["wall", "skin", "crown"], '40 pixels are "crown" (id 2), which is no class of the painter. It paints wall, skin, hat'], // biome-ignore format: a table
    ["ids of other classes, by themselves", () => indexPng(tinyMask.map((id) => (id === 1 ? 17 : id))), undefined, "There is no classes.json beside it, so its ids are the painter's: 0 wall, 1 skin, 2 hat."], // biome-ignore format: a table
    ["another size", () => indexPng(tinyMask.slice(0, 64), 8), undefined, "one.png is 8x8 pixels, the painter paints 16x16"], // biome-ignore format: a table
    ["three channels", () => encodePng({ width: 16, height: 16, data: new Uint8Array(768) }), undefined, "3 channels (RGB) (mask-channels): save one channel"], // biome-ignore format: a table
    ["smoothed edges", () => encodePng({ width: 16, height: 16, data: Uint8Array.from({ length: 256 }, (_, p) => [0, 80, 160, 255][Math.min(3, p % 16)]) }), undefined, "one.png: 32 pixels with ids between their neighbours', such as 80 (anti-aliased)"], // biome-ignore format: a table
    ["no class anywhere", () => indexPng(new Uint8Array(256).fill(255)), undefined, "255"],
    ["no PNG", () => Uint8Array.of(1, 2, 3), undefined, "not a PNG (mask-damaged)"],
  ])("refuses %s by file and value", async (name, png, classes, message) => {
    const masks = await maskFolder(`bad ${name}`, png(), classes);
    await expect(paint({ masks, outdir: at(`bad ${name} out`) })).rejects.toThrow(message);
  });

  it("fills pixels of no class from their nearest ones, and says how many", async () => {
    const labels = Uint8Array.of(1, 255, 255, 255, 2, 255);
    expect(fillGaps(labels, { width: 6, height: 1 })).toBe(4);
    expect([...labels]).toEqual([1, 1, 1, 2, 2, 2]);
    const masks = await maskFolder("gaps", indexPng(tinyMask.map((id, p) => (p === 77 ? 255 : id))));
    expect((await paint({ masks, outdir: at("gaps-out") })).filled).toBe(1);
  });

  it("says which masks look smoothed: between two parts they have the id in between", async () => {
    // Columns 0 to 7 of class 0, 9 to 15 of class 2; between them class 1 in one column, then in two.
    const edge = (wide: number): Uint8Array =>
      Uint8Array.from({ length: 256 }, (_, p) => (p % 16 < 8 ? 0 : p % 16 < 8 + wide ? 1 : 2));
    const masks = await maskFolder("smooth", indexPng(edge(1)));
    const [{ path, share }] = (await paint({ masks, outdir: at("smooth-out") })).smoothed;
    expect(path).toMatch(/\.png$/);
    expect(share).toBeCloseTo(1 / 3, 9);
    const plain = await maskFolder("plain", indexPng(edge(2)));
    expect((await paint({ masks: plain, outdir: at("plain-out") })).smoothed).toEqual([]);
  });

  it("paints portraits by the painter that comes with klish, and obeys: what is skin is not of the colour of the wall", async () => {
    await mkdir(at("portraits", "masks"), { recursive: true });
    await writeFile(at("portraits", "classes.json"), classesJson(portraitClasses));
    const labels = portraitOf(3, 64).labels.data;
    await writeFile(at("portraits", "masks", "one.png"), encodePng({ width: 64, height: 64, data: labels }));
    const found = await paint({ model: "portraits", masks: at("portraits", "masks"), outdir: at("portraits-out") });
    expect(found.paintings).toBe(1);
    const rgb = await rgbOf(at("portraits-out", "images", "one.png"));
    const mean = (id: number): number[] =>
      [0, 1, 2].map((c) => {
        const values = [...rgb].filter((_, i) => i % 3 === c && labels[Math.floor(i / 3)] === id);
        return values.reduce((sum, v) => sum + v, 0) / values.length;
      });
    const [wall, skin] = [mean(0), mean(1)];
    expect(Math.hypot(...wall.map((v, c) => v - skin[c]))).toBeGreaterThan(30);
  });

  it("openMasks() squashes masks of a data set to the painter's size where that is asked, by their nearest pixels", async () => {
    const portraits = at("portraits-at-32");
    await portraitsJob({ outdir: portraits, count: 1, resolution: 32, firstSeed: 3, threads: 1 }, {});
    const about = { ...tinyPainter().about, classes: portraitClasses };
    const { read } = await openMasks(portraits, about, { resize: true });
    const { value: mask } = await read().next();
    const { data } = portraitOf(3, 32).labels;
    expect([...mask!.labels]).toEqual([
      ...resizedLabels({ width: 32, height: 32, data }, { width: 16, height: 16 }).data,
    ]);
    const plain = await openMasks(portraits, about);
    await expect(plain.read().next()).rejects.toThrow("is 32x32 pixels, the painter paints 16x16");
  });

  it("refuses folders of other things, and questions without an answer", async () => {
    const masks = await maskFolder("again", indexPng(tinyMask));
    await expect(paint({ masks, outdir: masks })).rejects.toThrow("is not empty and holds no paintings");
    await expect(paint({ masks: at("nowhere") })).rejects.toThrow("there is no such file or folder");
    await expect(paint({ masks, model: at("again") })).rejects.toThrow("not that of a painter's training run");
    const other = join(masks, "one.png");
    await expect(paint({ masks, style: other })).rejects.toThrow("is not known: give its mask (--style-mask");
  });
});

describe("edits", () => {
  it("changedShare() is whole where the class changed, falls off around, and nothing further away", () => {
    const before = new Uint8Array(64 * 64);
    const after = before.slice();
    after[32 * 64 + 32] = 1;
    const share = changedShare(before, after, 64);
    // Two pixels of border at 64: two thirds, one third.
    const row = [...share.slice(32 * 64 + 29, 32 * 64 + 36)].map((v) => Math.round(v * 3));
    expect(row).toEqual([0, 1, 2, 3, 2, 1, 0]);
    expect(share[0]).toBe(0);
  });

  it("repaints where the mask changed, at the picture's own size, and keeps every other pixel", async () => {
    const pixels = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7) % 251);
    await sharp(pixels, { raw: { width: 32, height: 32, channels: 3 } })
      .png()
      .toFile(at("me.png"));
    await writeFile(at("before.png"), indexPng(tinyMask));
    await writeFile(at("after.png"), indexPng(tinyMask.map((id, p) => (p === 8 * 16 + 8 ? 2 : id))));
    const edits = [{ picture: "me.png", before: "before.png", mask: "after.png" }];
    await writeFile(at("recipe.json"), JSON.stringify({ edits }));
    const result = await paint({ edit: at("recipe.json"), outdir: at("edited") });
    expect(result).toMatchObject({ paintings: 1, changed: 1 / 256 });
    const got = await rgbOf(at("edited", "images", "me.png"));
    const differ = [...got.keys()].filter((i) => got[i] !== pixels[i]).map((i) => Math.floor(i / 3));
    expect(differ.length).toBeGreaterThan(0);
    for (const p of differ) {
      expect(Math.abs((p % 32) - 16.5)).toBeLessThan(6);
      expect(Math.abs(Math.floor(p / 32) - 16.5)).toBeLessThan(6);
    }
    await expect(paint({ edit: at("nothing.json"), outdir: at("no-edit") })).rejects.toThrow("there is no such file");
    await writeFile(at("bad.json"), '{"edits": [{"picture": "me.png"}]}');
    await expect(paint({ edit: at("bad.json"), outdir: at("no-edit") })).rejects.toThrow("bad.json");
  });
});

describe("a painter by its path", () => {
  it("readPainter() and isPainter() know the files, and convertJob() writes each", async () => {
    expect(await isPainter(model)).toBe(true);
    await writeFile(at("other.onnx"), "no model");
    expect(await isPainter(at("other.onnx"))).toBe(false);
    const onnx = await convertJob({ network: model, out: at("converted.onnx") }, {});
    expect(onnx).toMatchObject({ kind: "painter", outputs: ["image"] });
    expect(await isPainter(at("converted.onnx"))).toBe(true);
    const half = await convertJob({ network: model, out: at("half.safetensors"), half: true }, {});
    expect(half.bytes).toBeLessThan(0.7 * tinyPainterBytes().length);
    expect((await readPainter(at("half.safetensors"))).about).toEqual(tinyPainter().about);
    const back = { network: at("converted.onnx"), out: at("back.safetensors") };
    await expect(convertJob(back, {})).rejects.toThrow("has no weights by name");
  });
});
