import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import { openCorrector } from "../../../src/project/labels/corrector.ts";
import { labelPreviewJob } from "../../../src/project/labels/preview.ts";
import { edit, type LabelState, undo } from "../../../src/project/labels/recipe.ts";
import { loadRecipe, saveRecipe } from "../../../src/project/labels/recipeFile.ts";
import { brushRuns, runsOf, strokedPixels } from "../../../src/project/labels/strokes.ts";
import { contentOf, labelledProject } from "../dataset/project.ts";

describe("runsOf() and brushRuns()", () => {
  it("end at the ends of rows", () => {
    // 3x3: the last of the first row, the first two of the second.
    expect(runsOf(3, (p) => [2, 3, 4].includes(p))).toEqual([
      [2, 1],
      [3, 2],
    ]);
  });

  it("cover what a round brush covers between two points", () => {
    // 8 pixels; from the middle of (1,3) to that of (4,3), a pixel and a half to each side.
    const runs = brushRuns(
      [
        [1.5 / 8, 3.5 / 8],
        [4.5 / 8, 3.5 / 8],
      ],
      1 / 8,
      8,
    );
    expect(runs).toEqual([
      [2 * 8 + 1, 4],
      [3 * 8, 6],
      [4 * 8 + 1, 4],
    ]);
    expect(brushRuns([[0, 0]], 0, 8)).toEqual([[0, 1]]);
  });
});

describe("strokedPixels()", () => {
  const stroke = (seed: number, runs: [number, number][], clusters: number[] | null) => ({
    ...{ seed, side: 4, runs, clusters },
  });

  it("keeps the last word on each pixel, and none on what was taken back", () => {
    const all = [
      stroke(7, [[0, 3]], [1]),
      stroke(2, [[5, 1]], [1, 2]),
      stroke(7, [[1, 1]], [3]),
      stroke(7, [[2, 1]], null),
    ];
    expect(strokedPixels(all, 4)).toEqual([
      { seed: 2, pixel: 5, clusters: [1, 2] },
      { seed: 7, pixel: 0, clusters: [1] },
      { seed: 7, pixel: 1, clusters: [3] },
    ]);
  });

  it("spares what was said of parts that are locked since", () => {
    const before = stroke(0, [[0, 2]], [1]);
    const after = { ...stroke(0, [[1, 2]], [3]), spared: [1] };
    const eraser = { ...stroke(0, [[0, 4]], null), spared: [1] };
    const kept = [
      { seed: 0, pixel: 0, clusters: [1] },
      { seed: 0, pixel: 1, clusters: [1] },
    ];
    expect(strokedPixels([before, after], 4)).toEqual([...kept, { seed: 0, pixel: 2, clusters: [3], spared: [1] }]);
    expect(strokedPixels([before, after, eraser], 4)).toEqual(kept);
  });

  it("lies on a coarser grid with its corners", () => {
    // Pixel 3 and 15 of 4x4 are corners: so of 2x2.
    expect(
      strokedPixels(
        [
          stroke(
            0,
            [
              [3, 1],
              [15, 1],
            ],
            [0],
          ),
        ],
        2,
      ).map(({ pixel }) => pixel),
    ).toEqual([1, 3]);
  });
});

describe("openCorrector()", () => {
  let folder: string;
  let project: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-strokes-"));
    project = await labelledProject(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const options = { network: null, provider: "cpu", threads: 1 } as const;

  it("makes classifiers that follow strokes, the same for the same labels, in data sets and previews too", async () => {
    const opened = await openProject(project);
    const tree = (await loadTree(opened))!;
    const recipe = (await loadRecipe(opened, tree))!;
    const corrector = openCorrector(opened, tree, options);
    expect((await corrector.classifier(recipe.state)).weight).toEqual(tree.classifierAt(6).weight);

    const before = await datasetJob({ projects: [project], outdir: join(folder, "before"), count: 4, ...options });
    const whole = runsOf(8, (p) => p % 8 < 4);
    const painted = edit(recipe, { type: "stroke", seed: 1, side: 8, runs: whole, clusters: [3] });
    const found = await corrector.classifier(painted.state);
    expect(found.weight).not.toEqual(tree.classifierAt(6).weight);
    // Another process, or a project whose cache was deleted, finds the same.
    const again = openCorrector(opened, tree, options);
    expect((await again.classifier(painted.state)).weight).toEqual(found.weight);
    for (const name of await readdir(join(project, "labels")).catch(() => []))
      if (name.startsWith("strokes-")) await rm(join(project, "labels", name));
    expect(await openCorrector(opened, tree, options).classifier(painted.state)).toEqual(found);

    await saveRecipe(opened, painted);
    expect(await labelPreviewJob({ project, ...options })).toBe(join(project, "labels.png"));
    await datasetJob({ projects: [project], outdir: join(folder, "after"), count: 4, ...options });
    const [was, is] = [await contentOf(join(folder, "before")), await contentOf(join(folder, "after"))];
    expect(is["images/seed000001.png"]).toBe(was["images/seed000001.png"]);
    expect(is["masks/seed000001.png"]).not.toBe(was["masks/seed000001.png"]);
    expect(before.kept).toBe(4);

    // Where the classifiers see a part that is locked, a stroke says nothing.
    const spared = Array.from(tree.steps[0].sizes, (_, id) => id).filter((id) => id !== 3);
    const none = edit(recipe, { type: "stroke", seed: 1, side: 8, runs: whole, clusters: [3], spared });
    expect((await corrector.classifier(none.state)).weight).toEqual(tree.classifierAt(6).weight);

    const undone = undo(painted);
    expect((await corrector.classifier(undone.state)).weight).toEqual(tree.classifierAt(6).weight);
    const foreign: LabelState = { ...recipe.state, strokes: [{ seed: 1, side: 8, runs: [[0, 1]], clusters: [99] }] };
    await expect(corrector.classifier(foreign)).rejects.toThrow("a stroke belongs to #99, but the tree has #0 to #9");
  });
});
