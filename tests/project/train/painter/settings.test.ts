import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { portraitClasses } from "../../../../src/portraits/classes.ts";
import { trainPainterRequest } from "../../../../src/project/train/painter/options.ts";
import { loadPainterSettings, painting } from "../../../../src/project/train/painter/settings.ts";
import { saveRunSettings } from "../../../../src/project/train/settingsFile.ts";
import { tinyVgg } from "../../../models/painter/tinyVgg.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-painter-settings-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (changes: object = {}) => trainPainterRequest.parse({ data: "/data", outdir: "run", ...changes });
const found = { classes: [...portraitClasses], resolution: 32 };
const origin = { versions: {} };

it("settings come back as they were saved; those of before edited masks and --vgg go on without them", async () => {
  const settings = await painting.begin(request(), "/data", found, origin);
  await saveRunSettings(folder, settings);
  expect(await loadPainterSettings(folder)).toEqual(settings);
  const { vgg, ...older } = settings;
  const { editedMasks, perceptual, ...recipe } = older.recipe;
  expect([editedMasks, perceptual]).toEqual([0.75, 0]);
  await writeFile(join(folder, "settings.json"), JSON.stringify({ ...older, recipe }));
  const loaded = await loadPainterSettings(folder);
  expect(loaded).toMatchObject({ vgg: null, recipe: { editedMasks: 0, perceptual: 0 } });
});

it("the bytes of a loaded recipe are those of the saved one: they go into the state", async () => {
  const settings = await painting.begin(request(), "/data", found, origin);
  await saveRunSettings(folder, settings);
  expect(JSON.stringify((await loadPainterSettings(folder))?.recipe)).toBe(JSON.stringify(settings.recipe));
});

it("a VGG is of spade, weighs as its authors have it, and stays that of the run", async () => {
  const vgg = join(folder, "vgg.onnx");
  await writeFile(vgg, tinyVgg());
  const begin = (changes: object) => painting.begin(request({ vgg, ...changes }), "/data", found, origin);
  await expect(begin({})).rejects.toThrow("--vgg is of --cfg spade");
  const settings = await begin({ preset: "spade", width: 4 });
  expect(settings.recipe.perceptual).toBe(10);
  expect(painting.proceed(settings, request({ vgg }), folder).vgg?.file).toBe(vgg);
  expect(() => painting.proceed(settings, request({ vgg: "/other.onnx" }), folder)).toThrow(
    `vgg was ${vgg}, now /other.onnx`,
  );
});
