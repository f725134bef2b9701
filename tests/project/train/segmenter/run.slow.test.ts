import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../../src/checkpoint/safetensors.ts";
import { encodePng } from "../../../../src/dataset/png.ts";
import { portraitsJob } from "../../../../src/project/portraits/job.ts";
import { readSegmenter } from "../../../../src/project/segment/segmenterModel.ts";
import { openExamples } from "../../../../src/project/train/labelled/exampleStore.ts";
import { squareLabels } from "../../../../src/project/train/labelled/prepareExamples.ts";
import { readLog } from "../../../../src/project/train/log/log.ts";
import { planSegmenterCost } from "../../../../src/project/train/segmenter/dryRun.ts";
import { type TrainSegmenterRequest, trainSegmenterRequest } from "../../../../src/project/train/segmenter/options.ts";
import { labelledFolder, trainSegmenter, unlabelledFolder } from "../../../../src/project/train/segmenter/run.ts";
import { loadState, statePath } from "../../../../src/project/train/state.ts";
import type { JobOptions } from "../../../../src/tensor/progress.ts";

let data: string;
let folder: string;
let run: string;
beforeAll(async () => {
  data = join(await mkdtemp(join(tmpdir(), "klish-parts-")), "portraits");
  await portraitsJob(
    { outdir: data, count: 12, resolution: 16, firstSeed: 0, split: { val: 0.25, test: 0 }, threads: 1 },
    {},
  );
});
afterAll(() => rm(join(data, ".."), { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-segmenter-"));
  run = join(folder, "run");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<TrainSegmenterRequest> = {}): TrainSegmenterRequest => ({
  ...trainSegmenterRequest.parse({}),
  data,
  outdir: run,
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
/** Stops the job after so many steps. */
const stopAfter = (steps: number): JobOptions => {
  const controller = new AbortController();
  // The first report comes before the first step.
  let reports = -1;
  return {
    signal: controller.signal,
    onProgress: ({ phase }) => {
      if (phase === "train" && ++reports === steps) controller.abort(new Error("stopped"));
    },
  };
};
const traceOf = async (name: string) => ({
  state: (await readFile(statePath(name))).toString("base64"),
  segmenter: (await readFile(join(name, "segmenter.safetensors"))).toString("base64"),
  log: (await readLog(name)).map(({ imagesPerSecond, seconds, memoryMB, ...line }) => line),
  samples: await readdir(join(name, "samples")),
});

describe("trainSegmenter()", () => {
  it("leaves settings, prepared pictures, a log, sheets, events, a state, and the best segmenter by its mean IoU", async () => {
    const result = await train();
    const { train: learned, val } = result.pictures;
    expect(learned + val).toBe(12);
    expect(result.images).toBeGreaterThanOrEqual(4 * learned);
    expect((await readdir(run)).filter((name) => !name.startsWith("events")).sort()).toEqual([
      "clock.json",
      "images",
      "log.jsonl",
      "samples",
      "segmenter.safetensors",
      "settings.json",
      "state-previous.safetensors",
      "state.safetensors",
    ]);
    const log = await readLog(run);
    expect(Object.keys(log[0])).toEqual(expect.arrayContaining(["images", "loss", "gradientNorm", "learningRate"]));
    const judged = log.flatMap((line) => (line["mIoU"] === undefined ? [] : [line["mIoU"]]));
    expect(judged.length).toBeGreaterThan(1);
    expect(result.meanIou).toBe(Math.max(...judged));
    // The end falls on a tick that no snapshot was due at.
    expect(log.at(-1)).toHaveProperty("mIoU");
    expect(log.some((line) => line["iou/skin"] !== undefined)).toBe(true);
    // Photo, truth and prediction, twice in a row.
    const [sheet] = (await readdir(join(run, "samples"))).slice(-1);
    expect(await sharp(join(run, "samples", sheet)).metadata()).toMatchObject({ width: 6 * 16 });
    const { classes, side } = await readSegmenter(join(run, "segmenter.safetensors"));
    expect(classes?.map(({ name }) => name).slice(0, 2)).toEqual(["background", "skin"]);
    expect(side).toBe(16);
  });

  it("stopped at any step and run again ends with the state, segmenter and log of an uninterrupted run", async () => {
    const photos = { unlabelled: join(data, "images") };
    await train({ ...photos, outdir: join(folder, "whole") });
    for (const steps of [0, 1, 5, 4]) await expect(train(photos, stopAfter(steps))).rejects.toThrow("stopped");
    await train(photos);
    expect(await traceOf(run)).toEqual(await traceOf(join(folder, "whole")));
    expect((await readLog(run)).at(-1)).toMatchObject({ sure: expect.any(Number) });
    const store = await openExamples(unlabelledFolder(run));
    expect(store.prepared.count).toBe(12);
    await store.close();
    // Finished: more epochs go on, and the data set is not needed any more.
    expect(await train(photos)).toMatchObject({ trained: 0 });
    const { trained } = await train({
      data: null,
      outdir: null,
      resume: run,
      preset: null,
      resolution: null,
      batch: null,
      epochs: 5,
    });
    expect(trained).toBeGreaterThan(0);
  });

  it.each([
    [{ outdir: null }, "say where the run's files go"],
    [{ data: null }, "a new run needs a data set"],
    [{ unlabelled: "/nowhere" }, "/nowhere: there is no such folder or file"],
    [{ resolution: 18 }, "resolution is 18, expected"],
    [{ threshold: 0.5 }, "--threshold is of photos without labels"],
    [{ outdir: null, resume: "/nowhere" }, "/nowhere is not the folder of a segmenter's training run"],
  ] as [Partial<TrainSegmenterRequest>, string][])("refuses %j, and makes no folder", async (changes, message) => {
    await expect(train(changes)).rejects.toThrow(message);
    expect(existsSync(run)).toBe(false);
  });

  it("refuses to continue otherwise than it was started, and pictures that were cut short", async () => {
    await train({ epochs: 0.2 });
    const before = await readFile(join(run, "settings.json"), "utf8");
    await expect(train({ batch: 4, classWeights: "balanced" })).rejects.toThrow(
      "batch was 2, now 4; classWeights was none",
    );
    expect(await readFile(join(run, "settings.json"), "utf8")).toBe(before);
    const plain = { outdir: join(folder, "plain"), augment: "none", mirror: false, epochs: 0.2 } as const;
    await train(plain);
    expect(await train(plain)).toMatchObject({ trained: 0 });
    await truncate(join(labelledFolder(run), "pixels.u8"), 100);
    await expect(train()).rejects.toThrow("pixels.u8 has 100 bytes, expected");
  });

  it("refuses data sets that have nothing to tell apart, and an empty folder", async () => {
    const one = join(folder, "one");
    await cp(data, one, { recursive: true });
    const blank = encodePng({ width: 16, height: 16, data: new Uint8Array(256), palette: new Uint8Array(768) });
    for (const name of await readdir(join(one, "masks"))) await writeFile(join(one, "masks", name), blank);
    await expect(train({ data: one })).rejects.toThrow("has one class in all its masks (background)");
    // With the masks mended, the same command begins.
    await cp(join(data, "masks"), join(one, "masks"), { recursive: true });
    expect(await train({ data: one, epochs: 0.2 })).toMatchObject({ trained: expect.any(Number) });
    await rm(run, { recursive: true });
    const empty = await mkdtemp(join(folder, "empty-"));
    await expect(train({ data: empty })).rejects.toThrow();
    await expect(train({ unlabelled: empty })).rejects.toThrow("holds no pictures");
    expect(existsSync(run)).toBe(false);
  });

  it("stops when the loss is no longer finite, and keeps the last state that is", async () => {
    await expect(train({ learningRate: 1e30, saveMinutes: 0 })).rejects.toThrow("training has diverged");
    const state = await loadState(run);
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

it("planSegmenterCost() tells pictures, network and time, and writes nothing", async () => {
  let ms = 0;
  const cost = await planSegmenterCost(request({ epochs: 10 }), {}, () => {
    ms += 500;
    return ms;
  });
  expect(cost).toMatchObject({ pictures: { all: 12, unlabelled: 0 }, rejected: [], done: 0 });
  expect(cost.images).toBe(10 * cost.pictures.train);
  expect(cost.secondsLeft).toBeGreaterThan(0);
  expect(cost.parameters).toBeGreaterThan(100_000);
  expect(existsSync(run)).toBe(false);
});

it("the segmenter file says what it is", async () => {
  await train({ epochs: 0.5 });
  const { metadata } = readSafetensors(await readFile(join(run, "segmenter.safetensors")));
  expect(JSON.parse(metadata["klish.segmenter"])).toMatchObject({
    side: 16,
    architecture: { network: "unet" },
    classes: expect.arrayContaining([{ name: "skin", color: "#e8b48f", background: false }]),
  });
});
