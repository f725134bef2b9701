import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import { labelsJob } from "../../../src/project/evaluation/labelsJob.ts";
import { trainExtractorJob } from "../../../src/project/train/extractor/job.ts";
import { labelledProject } from "../dataset/project.ts";

const options = { provider: "cpu", threads: 1 } as const;
let folder: string;
let project: string;
let masks: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-labels-"));
  project = await labelledProject(folder);
  const data = join(folder, "data");
  await datasetJob({ projects: [project], outdir: data, count: 6, ...options });
  masks = join(data, "masks");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("labelsJob()", () => {
  it("finds that labels agree with the masks that were made from them, by name and by overlap", async () => {
    const byName = await labelsJob({ projects: [project], truth: masks, outdir: join(folder, "a"), ...options });
    expect(byName.models).toEqual([{ name: "run", file: project, mean: 1 }]);
    expect(byName.text).toContain("# Labels on");
    expect(byName.text).toContain("all 6 images are judged");
    const asked = { projects: [project], truth: masks, outdir: join(folder, "b"), matchImages: 2, ...options };
    const matched = await labelsJob(asked);
    expect(matched.models[0].mean).toBe(1);
    expect((await readFile(matched.csv, "utf8")).split("\n")[1]).toMatch(/^run,/);
  });

  it("judges an extractor beside the project on masks that neither has seen", async () => {
    const few = join(folder, "few");
    await mkdir(few);
    for (const seed of [0, 1])
      await writeFile(join(few, `seed${seed}.png`), await readFile(join(masks, `seed00000${seed}.png`)));
    await writeFile(join(few, "classes.json"), await readFile(join(masks, "..", "classes.json")));
    const extractor = join(folder, "lse");
    await trainExtractorJob({ network: join(folder, "tiny.onnx"), masks: few, outdir: extractor, ...options });
    const { models } = await labelsJob({
      ...{ projects: [project, extractor], truth: masks, outdir: join(folder, "c"), ...options },
    });
    expect(models.map(({ name }) => name)).toEqual(["run", "lse"]);
    expect(models[0].mean).toBe(1);
    expect(models[1].mean).toBeGreaterThan(0.3);
    expect(models[1].mean).toBeLessThan(1);
  });

  it("refuses when no mask is left to judge, and classes of other names", async () => {
    const asked = { projects: [project], truth: masks, outdir: join(folder, "d"), ...options };
    await expect(labelsJob({ ...asked, matchImages: 6 })).rejects.toThrow("none are left to judge");
    const classes = ["a", "b", "c", "d", "e", "f"];
    await expect(labelsJob({ ...asked, classes })).rejects.toThrow("is one of the truth (a, b, c, d, e, f)");
  });
});
