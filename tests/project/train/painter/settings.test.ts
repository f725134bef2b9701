import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { portraitClasses } from "../../../../src/portraits/classes.ts";
import { trainPainterRequest } from "../../../../src/project/train/painter/options.ts";
import {
  continuedPainterSettings,
  loadPainterSettings,
  newPainterSettings,
  savePainterSettings,
} from "../../../../src/project/train/painter/settings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-painter-settings-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (changes: object = {}) => trainPainterRequest.parse({ data: "/data", outdir: "run", ...changes });
const found = { classes: [...portraitClasses], resolution: 32, vgg: null };
const origin = { versions: {} };

it("settings come back as they were saved; those of before edited masks and --vgg go on without them", async () => {
  const settings = newPainterSettings(request(), "/data", found, origin);
  await savePainterSettings(folder, settings);
  expect(await loadPainterSettings(folder)).toEqual(settings);
  const { vgg, ...older } = settings;
  const { editedMasks, perceptual, ...recipe } = older.recipe;
  expect([editedMasks, perceptual]).toEqual([0.75, 0]);
  await writeFile(join(folder, "settings.json"), JSON.stringify({ ...older, recipe }));
  const loaded = await loadPainterSettings(folder);
  expect(loaded).toMatchObject({ vgg: null, recipe: { editedMasks: 0, perceptual: 0 } });
});

it("a VGG is of spade, weighs as its authors have it, and stays that of the run", () => {
  const vgg = { file: "/vgg.onnx", sha256: "0" };
  expect(() => newPainterSettings(request(), "/data", { ...found, vgg }, origin)).toThrow("--vgg is of --cfg spade");
  const settings = newPainterSettings(request({ preset: "spade", width: 4 }), "/data", { ...found, vgg }, origin);
  expect(settings.recipe.perceptual).toBe(10);
  expect(continuedPainterSettings(settings, request({ vgg: "/vgg.onnx" }), folder).vgg).toEqual(vgg);
  expect(() => continuedPainterSettings(settings, request({ vgg: "/other.onnx" }), folder)).toThrow(
    "vgg was /vgg.onnx, now /other.onnx",
  );
});
