import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { painterOnnx, painterSafetensors } from "../../../src/models/painter/painterFile.ts";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { painterQualityJob } from "../../../src/project/evaluation/painter/job.ts";
import { portraitsJob } from "../../../src/project/portraits/job.ts";
import { tinyPainter, tinyPlan } from "../../models/painter/tinyPainter.ts";

describe("painterQualityJob()", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-painter-quality-"));
    const file = tinyPainter(tinyPlan, portraitClasses);
    await writeFile(join(folder, "painter.safetensors"), painterSafetensors(file));
    await writeFile(join(folder, "painter.onnx"), painterOnnx(file));
    const split = { val: 0.5, test: 0 };
    await portraitsJob(
      { outdir: join(folder, "data"), count: 48, resolution: 16, firstSeed: 0, split, threads: 1 },
      {},
    );
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const measure = (model: string, segmenter: string | null) =>
    painterQualityJob(
      {
        model: join(folder, model),
        data: join(folder, "data"),
        segmenter,
        outdir: join(folder, `out ${model}`),
        images: 16,
        styles: 2,
        provider: "cpu",
        threads: 1,
      },
      {},
    );

  it("measures fidelity, styles, obedience and edits, and writes tables and sheets", async () => {
    const found = await measure("painter.safetensors", "portraits");
    expect(found).toMatchObject({ images: 16, heldBack: true });
    for (const name of ["density", "coverage", "precision", "recall", "ownStyle", "diversity"] as const) {
      expect(found[name], name).toBeGreaterThanOrEqual(0);
      expect(found[name], name).toBeLessThan(5);
    }
    // Random weights paint noise; the pictures themselves are seen as what they are.
    const { painted, real } = found.obedience!;
    expect(real.meanIou).toBeGreaterThan(0.2);
    expect(painted.meanIou).toBeLessThan(0.5 * real.meanIou);
    expect(found.edits!.map(({ edit }) => edit)).toEqual(["enlarge", "move", "remove", "duplicate"]);
    const table = await readFile(found.markdown, "utf8");
    expect(table).toContain("16 masks and pictures");
    expect(table).toContain("| hair |");
    expect(await readFile(found.csv, "utf8")).toContain("\niou/painted/skin,");
    // Masks, pictures, paintings in their own style and in others.
    expect(await sharp(found.sheet).metadata()).toMatchObject({ width: 8 * 16, height: 4 * 16 });
    expect(await sharp(found.edited as string).metadata()).toMatchObject({ width: 4 * 16 });
  });

  it("leaves out what cannot be known: obedience without a segmenter, own styles without an encoder", async () => {
    const found = await measure("painter.onnx", null);
    expect(found).toMatchObject({ obedience: null, edits: null, ownStyle: null, edited: null });
    const masks = {
      model: join(folder, "painter.onnx"),
      data: join(folder, "data", "masks"),
      outdir: join(folder, "no"),
    };
    await expect(painterQualityJob({ ...masks, provider: "cpu", threads: 1 }, {})).rejects.toThrow("holds masks alone");
  });
});
