import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodePng } from "../../../../src/dataset/png.ts";
import { openGeneratorBytes } from "../../../../src/gan/openGenerator.ts";
import { openProject } from "../../../../src/project/cluster/project.ts";
import { datasetJob } from "../../../../src/project/dataset/job.ts";
import { meanOfLargest } from "../../../../src/project/dataset/sample.ts";
import { extractorPath, loadExtractor } from "../../../../src/project/extractor/extractorFile.ts";
import { labelPreviewJob } from "../../../../src/project/labels/preview.ts";
import { planExtractorCost } from "../../../../src/project/train/extractor/dryRun.ts";
import { passes } from "../../../../src/project/train/extractor/methods.ts";
import { type TrainExtractorRequest, trainExtractorRequest } from "../../../../src/project/train/extractor/options.ts";
import { trainExtractor } from "../../../../src/project/train/extractor/run.ts";
import { ortNode } from "../../../../src/runtime/ortNode.ts";
import type { JobOptions } from "../../../../src/tensor/progress.ts";
import { tinyGenerator } from "../../../tinyGenerator.ts";
import { stopAfter, timelessLog } from "../portraitRuns.ts";

const R = 8;
let fixtures: string;
let folder: string;
let run: string;
/** Dark and bright pixels of three images; the first row is not said. */
beforeAll(async () => {
  fixtures = await mkdtemp(join(tmpdir(), "klish-masks-"));
  const bytes = tinyGenerator();
  await writeFile(join(fixtures, "tiny.onnx"), bytes);
  const generator = await openGeneratorBytes(bytes, { runtime: ortNode, provider: "cpu", threads: 1 });
  const { image } = await generator.generate({ seeds: [0, 1, 2] });
  await generator.dispose();
  await mkdir(join(fixtures, "masks"));
  const palette = new Uint8Array(768);
  for (const seed of [0, 1, 2]) {
    const data = Uint8Array.from({ length: R * R }, (_, p) =>
      p < R ? 255 : Number(image.data[seed * 3 * R * R + p] > 0),
    );
    const name = join(fixtures, "masks", `seed000${seed}.png`);
    await writeFile(name, encodePng({ width: R, height: R, data, palette }));
  }
});
afterAll(() => rm(fixtures, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-extractor-"));
  run = join(folder, "run");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<TrainExtractorRequest> = {}): TrainExtractorRequest => ({
  ...trainExtractorRequest.parse({ outdir: run }),
  network: join(fixtures, "tiny.onnx"),
  masks: join(fixtures, "masks"),
  outdir: run,
  provider: "cpu",
  threads: 1,
  ...changes,
});
const train = (changes: Partial<TrainExtractorRequest> = {}, job: JobOptions = {}) =>
  trainExtractor(request(changes), job, () => performance.now());

describe("trainExtractor()", () => {
  it("refuses the masks of a data set where the images would be others, and says how they were generated", async () => {
    const data = join(folder, "data");
    await train({ classes: ["dark", "bright"], latent: "uniform" });
    await datasetJob({ projects: [run], outdir: data, count: 2, provider: "cpu", threads: 1 });
    const other = { outdir: join(folder, "other"), masks: join(data, "masks") };
    await expect(train(other)).rejects.toThrow(
      "generated with --latent uniform, not with --latent normal: say --latent uniform.",
    );
    await expect(train({ ...other, masks: data })).rejects.toThrow(`give ${join(data, "masks")}`);
    const found = await train({ ...other, latent: "uniform" });
    expect(found.settings.seeds).toEqual([0, 1]);
  });

  it.each([
    ["lse", {}, 0.8],
    ["mlp-ensemble", { epochs: 60 }, 0.9],
    ["cnn", { epochs: 20 }, 0.9],
  ] as const)("learns bright and dark by %s, and its folder makes a data set", async (method, changes, least) => {
    const found = await train({ method, classes: ["dark", "bright"], ...changes });
    expect(found.accuracy).toBeGreaterThan(least);
    expect(found.pixels.reduce((a, b) => a + b)).toBe(3 * (R * R - R));
    expect((await readFile(found.sheet)).length).toBeGreaterThan(100);
    const made = await datasetJob({
      projects: [run],
      outdir: join(folder, "data"),
      count: 4,
      provider: "cpu",
      threads: 1,
    });
    expect(made).toMatchObject({ samples: 4, kept: 4 });
    const lines = (await readFile(join(folder, "data", "manifest.jsonl"), "utf8")).trim().split("\n");
    const [{ labels }] = lines.map((line) => JSON.parse(line));
    expect("disagreement" in labels[0]).toBe(method === "mlp-ensemble");
    expect(JSON.parse(await readFile(join(folder, "data", "classes.json"), "utf8")).classes).toMatchObject([
      { name: "dark" },
      { name: "bright" },
    ]);
  });

  it("is looked at and labelled like a project", async () => {
    await train();
    const { state } = JSON.parse(await readFile(join(run, "labels.json"), "utf8")).history.base;
    expect(state).toBeUndefined();
    expect(await labelPreviewJob({ project: run, provider: "cpu", threads: 1 })).toBe(join(run, "labels.png"));
  });

  it("goes on to the same weights after it was stopped, and refuses another request", async () => {
    const changes = { method: "mlp-ensemble", epochs: 4 } as const;
    await train(changes);
    const whole = join(folder, "whole");
    const other = { ...changes, outdir: whole, resume: null };
    await expect(train(other, stopAfter(3))).rejects.toThrow("stopped");
    await train({ ...other, outdir: null, resume: whole });
    const [a, b] = [await loadExtractor(run), await loadExtractor(whole)];
    expect(b).toEqual(a);
    expect(await timelessLog(whole)).toEqual(await timelessLog(run));
    await expect(train({ ...changes, seed: 3 })).rejects.toThrow("seed was 0, now 3");
    await expect(train({ ...changes, method: "lse" })).rejects.toThrow("method was mlp-ensemble, now lse");
  });

  it("says what is wrong with a run that is damaged, of another kind, or not finished", async () => {
    const asked = { projects: [run], outdir: join(folder, "data"), count: 1, provider: "cpu", threads: 1 } as const;
    const stopped = train({ method: "mlp-ensemble" }, stopAfter(0));
    await expect(stopped).rejects.toThrow("stopped");
    await rm(extractorPath(run));
    await expect(datasetJob(asked)).rejects.toThrow("the extractor has not learned yet. Continue it with:");
    await writeFile(extractorPath(run), "no tensors");
    await expect(datasetJob(asked)).rejects.toThrow("is damaged");
    await expect(openProject(run)).rejects.toThrow("not a clustered project. klish label, klish dataset");
    const gan = join(folder, "gan");
    await mkdir(gan);
    await writeFile(join(gan, "settings.json"), JSON.stringify({ klish: "gan-training" }));
    await expect(train({ outdir: gan })).rejects.toThrow("is a GAN's training run");
  });

  it("judges an image by the tenth of its pixels in which the voters differ most", () => {
    expect(
      meanOfLargest(
        Float32Array.from({ length: 20 }, (_, i) => (i * 7) % 20),
        0.1,
      ),
    ).toBe((19 + 18) / 2);
    expect(meanOfLargest(Float32Array.of(1, 5, 2), 0.1)).toBe(5);
  });

  it("passes(): on few pixels as many as make 6,400 steps of 64, from 4 to 100; none where the minimum is found", () => {
    const asked = { method: "mlp-ensemble", epochs: null } as const;
    expect(passes(asked, { pixels: [4 * 64 * 64] })).toBe(25);
    expect(passes(asked, { pixels: [1e6, 1e6] })).toBe(4);
    expect(passes(asked, { pixels: [9] })).toBe(100);
    expect(passes({ ...asked, epochs: 7 }, { pixels: [9] })).toBe(7);
    expect(passes({ ...asked, method: "cnn" }, { pixels: [9] })).toBe(100);
    expect(passes({ ...asked, method: "lse", epochs: 7 }, { pixels: [9] })).toBeNull();
  });

  it("says what it would cost and writes nothing", async () => {
    const cost = await planExtractorCost(request({ method: "cnn" }), {}, () => performance.now());
    expect(cost).toMatchObject({ channels: 11, pixels: expect.any(Array) });
    expect(cost.secondsLeft).toBeGreaterThan(0);
    await expect(readFile(join(run, "settings.json"))).rejects.toThrow("ENOENT");
  });

  it("refuses masks that do not fit", async () => {
    const masks = join(folder, "masks");
    await mkdir(masks);
    await expect(train({ masks })).rejects.toThrow("expected index PNGs that are called after their seeds");
    const palette = new Uint8Array(768);
    const write = (name: string, width: number, height: number, fill: (p: number) => number) => {
      const data = Uint8Array.from({ length: width * height }, (_, p) => fill(p));
      return writeFile(join(masks, name), encodePng({ width, height, data, palette }));
    };
    await write("seed7.png", 8, 8, () => 255);
    await expect(train({ masks })).rejects.toThrow("no pixel of its masks has a class");
    await write("seed7.png", 8, 8, () => 1);
    await expect(train({ masks })).rejects.toThrow("show one class (class 1)");
    await write("seed7.png", 8, 8, (p) => p % 4);
    await expect(train({ masks, classes: ["a", "b"] })).rejects.toThrow("pixels of class 3, but 2 classes are named");
    await write("seed7.png", 8, 4, (p) => p % 2);
    await expect(train({ masks })).rejects.toThrow("8x4; expected a square label map");
    // Of another size: each pixel takes the nearest.
    await write("seed7.png", 16, 16, (p) => Math.floor((p % 16) / 8));
    expect((await train({ masks })).pixels).toEqual([32, 32]);
  });
});
