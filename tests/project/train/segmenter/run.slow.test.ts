import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../../../src/checkpoint/safetensors.ts";
import { encodePng } from "../../../../src/dataset/png.ts";
import { readSegmenter } from "../../../../src/project/segment/segmenterModel.ts";
import { openExamples } from "../../../../src/project/train/labelled/exampleStore.ts";
import { squareLabels } from "../../../../src/project/train/labelled/prepareExamples.ts";
import { readLog } from "../../../../src/project/train/log/log.ts";
import { planSegmenterCost } from "../../../../src/project/train/segmenter/dryRun.ts";
import { type TrainSegmenterRequest, trainSegmenterRequest } from "../../../../src/project/train/segmenter/options.ts";
import { labelledFolder, trainSegmenter, unlabelledFolder } from "../../../../src/project/train/segmenter/run.ts";
import { loadState } from "../../../../src/project/train/state.ts";
import type { JobOptions } from "../../../../src/tensor/progress.ts";
import { labelledTrainingContract } from "../../../contracts/labelledTraining.ts";
import { portraitRuns } from "../portraitRuns.ts";

const runs = portraitRuns();
const request = (changes: Partial<TrainSegmenterRequest> = {}): TrainSegmenterRequest => ({
  ...trainSegmenterRequest.parse({}),
  data: runs.data,
  outdir: runs.run,
  preset: "small",
  resolution: 16,
  batch: 2,
  epochs: 4,
  provider: "cpu",
  threads: 1,
  ...changes,
});
const train = (changes: Partial<TrainSegmenterRequest> = {}, job: JobOptions = {}) =>
  trainSegmenter(request(changes), job, () => performance.now());

labelledTrainingContract(runs, {
  whose: "a segmenter's",
  model: "segmenter.safetensors",
  request,
  train: (asked, job) => trainSegmenter(asked, job, () => performance.now()),
  plan: (asked, now) => planSegmenterCost(asked, {}, now),
  stopped: { "from labels": () => ({}), "from photos too": () => ({ unlabelled: join(runs.data, "images") }) },
  refused: [
    [{ unlabelled: "/nowhere" }, "/nowhere: there is no such folder or file"],
    [{ threshold: 0.5 }, "--threshold is of photos without labels"],
  ],
});

describe("trainSegmenter()", () => {
  it("keeps the best segmenter by its mean IoU, and shows what it sees", async () => {
    const result = await train();
    expect(result.images).toBeGreaterThanOrEqual(4 * result.pictures.train);
    const log = await readLog(runs.run);
    expect(Object.keys(log[0])).toEqual(expect.arrayContaining(["images", "loss", "gradientNorm", "learningRate"]));
    const judged = log.flatMap((line) => (line["mIoU"] === undefined ? [] : [line["mIoU"]]));
    expect(judged.length).toBeGreaterThan(1);
    expect(result.meanIou).toBe(Math.max(...judged));
    // The end falls on a tick that no snapshot was due at.
    expect(log.at(-1)).toHaveProperty("mIoU");
    expect(log.some((line) => line["iou/skin"] !== undefined)).toBe(true);
    // Photo, truth and prediction, twice in a row.
    const [sheet] = (await readdir(join(runs.run, "samples"))).slice(-1);
    expect(await sharp(join(runs.run, "samples", sheet)).metadata()).toMatchObject({ width: 6 * 16 });
    const { classes, side } = await readSegmenter(join(runs.run, "segmenter.safetensors"));
    expect(classes?.map(({ name }) => name).slice(0, 2)).toEqual(["background", "skin"]);
    expect(side).toBe(16);
  });

  it("keeps the photos that it learns from, and logs how many of their pixels are sure", async () => {
    await train({ unlabelled: join(runs.data, "images"), epochs: 1 });
    expect((await readLog(runs.run)).at(-1)).toMatchObject({ sure: expect.any(Number) });
    const store = await openExamples(unlabelledFolder(runs.run));
    expect(store.prepared.count).toBe(12);
    await store.close();
  });

  it("refuses to continue with other classes' weights, and pictures that were cut short", async () => {
    await train({ epochs: 0.2 });
    await expect(train({ classWeights: "balanced" })).rejects.toThrow("classWeights was none");
    const plain = { outdir: join(runs.folder, "plain"), augment: "none", mirror: false, epochs: 0.2 } as const;
    await train(plain);
    expect(await train(plain)).toMatchObject({ trained: 0 });
    await truncate(join(labelledFolder(runs.run), "pixels.u8"), 100);
    await expect(train()).rejects.toThrow("pixels.u8 has 100 bytes, expected");
  });

  it("refuses data sets that have nothing to tell apart, and an empty folder", async () => {
    const one = join(runs.folder, "one");
    await cp(runs.data, one, { recursive: true });
    const blank = encodePng({ width: 16, height: 16, data: new Uint8Array(256), palette: new Uint8Array(768) });
    for (const name of await readdir(join(one, "masks"))) await writeFile(join(one, "masks", name), blank);
    await expect(train({ data: one })).rejects.toThrow("has one class in all its masks (background)");
    // With the masks mended, the same command begins.
    await cp(join(runs.data, "masks"), join(one, "masks"), { recursive: true });
    expect(await train({ data: one, epochs: 0.2 })).toMatchObject({ trained: expect.any(Number) });
    await rm(runs.run, { recursive: true });
    const empty = await mkdtemp(join(runs.folder, "empty-"));
    await expect(train({ data: empty })).rejects.toThrow();
    await expect(train({ unlabelled: empty })).rejects.toThrow("holds no pictures");
    expect(existsSync(runs.run)).toBe(false);
  });

  it("stops when the loss is no longer finite, and keeps the last state that is", async () => {
    await expect(train({ learningRate: 1e30, saveMinutes: 0 })).rejects.toThrow("training has diverged");
    const state = await loadState(runs.run);
    expect(state?.images).toBeGreaterThan(0);
    for (const { data } of state!.training.tensors.values()) expect(data.every(Number.isFinite)).toBe(true);
  });

  it("keeps what the network learned out of a border: squares are padded with labels that do not count", () => {
    const map = { width: 4, height: 2, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    expect([...squareLabels(map, "pad", 4)]).toEqual([255, 255, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8, 255, 255, 255, 255]);
    expect([...squareLabels(map, "squash", 2)]).toEqual([2, 4, 6, 8]);
    expect([...squareLabels({ ...map, data: undefined }, "pad", 2)]).toEqual([0, 0, 255, 255]);
  });
});

it("planSegmenterCost() tells how many weights the network has", async () => {
  const { parameters } = await planSegmenterCost(request(), {}, () => performance.now());
  expect(parameters).toBeGreaterThan(100_000);
});

it("the segmenter file says what it is", async () => {
  await train({ epochs: 0.5 });
  const { metadata } = readSafetensors(await readFile(join(runs.run, "segmenter.safetensors")));
  expect(JSON.parse(metadata["klish.segmenter"])).toMatchObject({
    side: 16,
    architecture: { network: "unet" },
    classes: expect.arrayContaining([{ name: "skin", color: "#e8b48f", background: false }]),
  });
});
