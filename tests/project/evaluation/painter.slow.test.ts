import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { classesJson } from "../../../src/dataset/format.ts";
import { encodePng } from "../../../src/dataset/png.ts";
import { toOnnx } from "../../../src/graph/emit.ts";
import { graph } from "../../../src/graph/graph.ts";
import { input, reduceMean, reshape } from "../../../src/graph/ops/index.ts";
import { openPainterBytes } from "../../../src/models/painter/painter.ts";
import { painterOnnx, painterSafetensors } from "../../../src/models/painter/painterFile.ts";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { portraitOf } from "../../../src/portraits/render.ts";
import { painterQualityJob } from "../../../src/project/evaluation/painter/job.ts";
import { portraitsJob } from "../../../src/project/portraits/job.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
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
  const measure = (
    model: string,
    segmenter: string | null,
    changes: Partial<Parameters<typeof painterQualityJob>[0]> = {},
  ) =>
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
        ...changes,
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
    expect(found.edits.map(({ edit }) => edit)).toEqual(["enlarge", "move", "remove", "duplicate"]);
    expect(found.edits.every(({ masks, pasted }) => masks > 0 && pasted !== null && pasted > 0)).toBe(true);
    const table = await readFile(found.markdown, "utf8");
    expect(table).toContain("16 masks and pictures");
    expect(table).toContain("| hair |");
    expect(await readFile(found.csv, "utf8")).toContain("\niou/painted/skin,");
    // Masks, pictures, paintings in their own style and in others.
    expect(await sharp(found.sheet).metadata()).toMatchObject({ width: 8 * 16, height: 4 * 16 });
    expect(await sharp(found.edited as string).metadata()).toMatchObject({ width: 4 * 16 });
  });

  it("adds the Fréchet distance of a model's features: 0 where the pictures are its own paintings", async () => {
    const picture = input("picture", [1, 3, 16, 16]);
    const file = join(folder, "colours.onnx");
    const colours = reshape(reduceMean(picture, [2, 3]), [1, 3]);
    await writeFile(file, toOnnx(graph({ colours }), { dynamicBatch: true }));
    const inception = { file, size: null, range: [0, 255] as const, output: null };
    const portraits = await measure("painter.safetensors", null, { inception });
    expect(portraits.fid).toBeGreaterThan(10);
    expect(await readFile(portraits.markdown, "utf8")).toContain("| Fréchet distance |");

    const data = join(folder, "own");
    const painter = await openPainterBytes(await readFile(join(folder, "painter.safetensors")), { runtime: ortNode });
    await Promise.all(["images", "masks"].map((name) => mkdir(join(data, name), { recursive: true })));
    await writeFile(join(data, "classes.json"), classesJson(portraitClasses));
    const names = Array.from({ length: 16 }, (_, i) => `${String(i).padStart(2, "0")}.png`);
    // Of one split, so that they are read in this order: a painting's style is that of its place.
    await writeFile(join(data, "train.txt"), names.map((name) => `${name.slice(0, 2)}\n`).join(""));
    for (const [i, name] of names.entries()) {
      const labels = portraitOf(i, 16).labels.data;
      const [rgba] = await painter.paint([labels], [painter.style(i)]);
      const raw = { width: 16, height: 16, channels: 4 } as const;
      await sharp(rgba, { raw })
        .removeAlpha()
        .png()
        .toFile(join(data, "images", name));
      await writeFile(join(data, "masks", name), encodePng({ width: 16, height: 16, data: labels }));
    }
    await painter.dispose();
    const own = await measure("painter.safetensors", null, { inception, data });
    expect(own.fid).toBeCloseTo(0, 3);
    expect(own.swd.mean).toBeCloseTo(0, 3);
  });

  it("leaves out what cannot be known: obedience without a segmenter, own styles without an encoder", async () => {
    const found = await measure("painter.onnx", null);
    expect(found).toMatchObject({ obedience: null, ownStyle: null });
    for (const edit of found.edits)
      expect(edit).toMatchObject({ truth: null, unedited: null, obeyed: null, pasted: null });
    const masks = {
      model: join(folder, "painter.onnx"),
      data: join(folder, "data", "masks"),
      outdir: join(folder, "no"),
    };
    await expect(painterQualityJob({ ...masks, provider: "cpu", threads: 1 }, {})).rejects.toThrow("holds masks alone");
  });
});
