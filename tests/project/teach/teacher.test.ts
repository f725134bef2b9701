/** What strokes on the maps of two pictures teach, worked by hand: one channel, -1 where the first class is and 1 where the second. */
import { access, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LinearClassifier } from "../../../src/pixels/linearClassifier.ts";
import { readMasks } from "../../../src/project/dataset/masks.ts";
import { loadExtractorSettings } from "../../../src/project/extractor/settings.ts";
import { openParts } from "../../../src/project/labels/parts.ts";
import { edit } from "../../../src/project/labels/recipe.ts";
import { loadRecipe, saveRecipe } from "../../../src/project/labels/recipeFile.ts";
import { openTeacher, type Teacher } from "../../../src/project/teach/teacher.ts";
import {
  changeTeaching,
  openTeaching,
  saveTeaching,
  type TeachSettings,
} from "../../../src/project/teach/teachFile.ts";
import type { TeachAction } from "../../../src/project/teach/teaching.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

const settings: TeachSettings = {
  ...{ network: "/nowhere.onnx", networkSha256: "0", family: "onnx", latent: "normal", class: null },
  ...{ truncationPsi: 1, truncationCutoff: null, noiseMode: "const", layers: ["h"], resolution: 2 },
  ...{ command: "klish studio", versions: {} },
};
let folder: string;
let asked: number[];
let teacher: Teacher;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-teach-"));
  await saveTeaching(folder, settings, { actions: [], undone: [] });
  asked = [];
  const maps = async (seed: number) => {
    asked.push(seed);
    return [tensor([1, 1, 2, 2], Float32Array.of(-1, 1, -1, 1))];
  };
  teacher = openTeacher(folder, { maps, threads: 1 });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const act = (...actions: TeachAction[]) =>
  changeTeaching(folder, ({ history }) => ({ actions: [...history.actions, ...actions], undone: [] }));
const undo = () => changeTeaching(folder, ({ history }) => ({ actions: history.actions.slice(0, -1), undone: [] }));
const learned = async (): Promise<LinearClassifier | undefined> => teacher.classifier(await openTeaching(folder));
/** The class of a pixel whose channel has this value. */
const classOf = (model: LinearClassifier | undefined, x: number): number => {
  const scores = Array.from(model!.bias, (b, c) => b + x * model!.weight[c]);
  return scores.indexOf(Math.max(...scores));
};
const stroke = (seed: number, of: number, first: number): TeachAction => ({
  ...{ type: "stroke", seed, class: of, runs: [[first, 1]] },
});

describe("a teacher", () => {
  it("knows nothing of one class", async () => {
    await act({ type: "add", name: "left", color: "#ff0000" }, { type: "add", name: "right", color: "#00ff00" });
    await act(stroke(4, 0, 0));
    expect(await learned()).toBeUndefined();
    expect(asked).toEqual([]);
    expect(await readdir(join(folder, "masks"))).toEqual(["classes.json", "seed0004.png"]);
  });

  it("tells two classes apart everywhere, and leaves a folder that everything takes for an extractor's", async () => {
    await act(stroke(4, 1, 1));
    const model = await learned();
    expect([-2, -1, 1, 2].map((x) => classOf(model, x))).toEqual([0, 0, 1, 1]);
    const parts = await openParts(folder);
    expect(parts.cuts?.classifierAt(2)).toEqual(model);
    expect((await loadRecipe(parts, parts.cuts!))?.state.classes.map(({ name }) => name)).toEqual(["left", "right"]);
    // The masks are those that `klish train extractor` reads, and the same as were learned from.
    const masks = await readMasks(join(folder, "masks"), 2, null);
    expect(masks.labels.map((labels) => [...labels])).toEqual([[0, 1, 255, 255]]);
    expect(masks.classes.map(({ name, color }) => [name, color])).toEqual([
      ["left", "#ff0000"],
      ["right", "#00ff00"],
    ]);
    expect((await loadExtractorSettings(folder))?.masksSha256).toBe(masks.sha256);
  });

  it("asks for the maps of a picture only where pixels are new, and trains nothing twice", async () => {
    expect(asked).toEqual([4]);
    const model = await learned();
    expect(await learned()).toBe(model);
    await act(stroke(9, 1, 3));
    expect(await learned()).not.toBe(model);
    expect(asked).toEqual([4, 9]);
    await undo();
    expect(await learned()).toBe(model);
    expect((await loadExtractorSettings(folder))?.seeds).toEqual([4]);
    expect(asked).toEqual([4, 9]);
  });

  it("keeps labels that were given in a terminal while the classes are as many", async () => {
    const { cuts } = await openParts(folder);
    const recipe = (await loadRecipe({ folder }, cuts!))!;
    await saveRecipe({ folder }, edit(recipe, { type: "background", class: "right" }));
    const names = async () =>
      (await loadRecipe({ folder }, (await openParts(folder)).cuts!))?.state.classes.map(({ name }) => name);
    await act(stroke(9, 1, 3));
    await learned();
    expect(await names()).toEqual(["right", "left"]);
    await act({ type: "add", name: "third", color: "#0000ff" });
    await learned();
    expect(await names()).toEqual(["left", "right", "third"]);
  });

  it("forgets what it learned of strokes that are undone", async () => {
    const { settings: s } = await openTeaching(folder);
    await saveTeaching(folder, s, { actions: [], undone: [] });
    expect(await learned()).toBeUndefined();
    await expect(access(join(folder, "extractor.safetensors"))).rejects.toThrow("ENOENT");
    expect(await readdir(join(folder, "masks"))).toEqual(["classes.json"]);
  });
});
