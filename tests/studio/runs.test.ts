import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { meaningOf, runOf } from "../../src/studio/runs.ts";

/** The figures that each training logs (their `columns` and `measure`), beside those of all. */
const LOGGED = {
  gan: [
    "lossD",
    "lossG",
    "r1",
    "pathLength",
    "realSign",
    "augmentP",
    "swd",
    "density",
    "coverage",
    "precision",
    "recall",
  ],
  segmenter: ["loss", "lossUnlabelled", "sure", "gradientNorm", "learningRate", "mIoU", "accuracy", "iou/left eye"],
  painter: ["lossPainter", "lossAdversary", "colours", "colourError"],
  extractor: ["loss", "gradientNorm", "mIoU", "accuracy"],
} as const;
const OF_ALL = ["images", "kimg", "seconds", "imagesPerSecond", "memoryMB"];
const kinds = Object.keys(LOGGED) as (keyof typeof LOGGED)[];

describe("figures of a training", () => {
  it.each(kinds)("%s: each has its meaning in one sentence", (kind) => {
    for (const name of [...OF_ALL, ...LOGGED[kind]]) expect(meaningOf(name, kind)).toMatch(/^[A-Z“].*\.$/);
  });

  it("say of what they were measured", () => {
    expect(meaningOf("mIoU", "segmenter")).toContain("held-back");
    expect(meaningOf("mIoU", "extractor")).toContain("learns from");
    expect(meaningOf("iou/left eye", "segmenter")).toContain("“left eye”");
    expect(meaningOf("of tomorrow", "gan")).toBe("");
  });

  it("come with the sheets: by time, then those beside", async () => {
    const folder = await mkdtemp(join(tmpdir(), "klish-runs-"));
    await mkdir(join(folder, "samples"));
    await writeFile(join(folder, "settings.json"), "{}");
    await writeFile(join(folder, "log.jsonl"), '{"images":5,"iou/hair":0.5}\n');
    for (const name of ["samples/images-000000020.png", "samples/images-000000003.png", "extractor.png"])
      await writeFile(join(folder, name), "");
    const { sheets, figures } = await runOf(folder, "x", "extractor");
    expect(sheets.map(({ name, images }) => [name, images])).toEqual([
      ["images-000000003.png", 3],
      ["images-000000020.png", 20],
      ["extractor.png", null],
    ]);
    expect(figures.map(({ name }) => name)).toEqual(["images", "iou/hair"]);
    await rm(folder, { recursive: true });
  });
});
