import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { painterOnnx } from "../../../../src/models/painter/painterFile.ts";
import { readPainter } from "../../../../src/project/paint/painterModel.ts";
import { portraitsJob } from "../../../../src/project/portraits/job.ts";
import { readLog } from "../../../../src/project/train/log/log.ts";
import { planPainterCost } from "../../../../src/project/train/painter/dryRun.ts";
import { type TrainPainterRequest, trainPainterRequest } from "../../../../src/project/train/painter/options.ts";
import { trainPainter } from "../../../../src/project/train/painter/run.ts";
import { statePath } from "../../../../src/project/train/state.ts";
import type { JobOptions } from "../../../../src/tensor/progress.ts";
import { tinyPainter } from "../../../models/painter/tinyPainter.ts";
import { tinyVgg } from "../../../models/painter/tinyVgg.ts";

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
  folder = await mkdtemp(join(tmpdir(), "klish-painter-"));
  run = join(folder, "run");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<TrainPainterRequest> = {}): TrainPainterRequest => ({
  ...trainPainterRequest.parse({}),
  data,
  outdir: run,
  resolution: 16,
  batch: 2,
  epochs: 2,
  provider: "cpu",
  threads: 1,
  ...changes,
});
const train = (changes: Partial<TrainPainterRequest> = {}, job: JobOptions = {}) =>
  trainPainter(request(changes), job, () => performance.now());
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
  painter: (await readFile(join(name, "painter.safetensors"))).toString("base64"),
  log: (await readLog(name)).map(({ imagesPerSecond, seconds, memoryMB, ...line }) => line),
  samples: await readdir(join(name, "samples")),
});

describe("trainPainter()", () => {
  it("leaves settings, prepared pictures, a log, sheets, events, a state, and a painter with the styles of its pictures", async () => {
    const result = await train();
    const { train: learned, val } = result.pictures;
    expect(learned + val).toBe(12);
    expect((await readdir(run)).filter((name) => !name.startsWith("events")).sort()).toEqual([
      "clock.json",
      "images",
      "log.jsonl",
      "painter.safetensors",
      "samples",
      "settings.json",
      "state-previous.safetensors",
      "state.safetensors",
    ]);
    const log = await readLog(run);
    expect(Object.keys(log[0])).toEqual(expect.arrayContaining(["lossPainter", "lossAdversary", "colours"]));
    expect(log.at(-1)).toHaveProperty("colourError");
    // Masks, pictures, and three rows of paintings, of all pictures that are held back.
    const [sheet] = (await readdir(join(run, "samples"))).slice(-1);
    expect(await sharp(join(run, "samples", sheet)).metadata()).toMatchObject({ width: val * 16, height: 5 * 16 });
    const { about, styles } = await readPainter(run);
    expect(about).toMatchObject({ side: 16, places: 12, styleSize: 16, images: result.images });
    expect(about.classes[1].name).toBe("skin");
    expect(styles.shape).toEqual([learned, 12, 16]);
    // Every portrait has skin, not every one a hat.
    const known = (place: number): number =>
      Array.from({ length: learned }, (_, n) => styles.data[(n * 12 + place) * 16]).filter((v) => !Number.isNaN(v))
        .length;
    expect(known(1)).toBe(learned);
    expect(known(11)).toBeLessThan(learned);
  });

  it.each(["auto", "spade"] as const)(
    "%s: stopped at any step and run again ends as an uninterrupted run",
    async (preset) => {
      const options = preset === "auto" ? { preset } : { preset, width: 2, resolution: 32 };
      await train({ ...options, outdir: join(folder, "whole") });
      for (const steps of [0, 1, 3]) await expect(train(options, stopAfter(steps))).rejects.toThrow("stopped");
      await train(options);
      expect(await traceOf(run)).toEqual(await traceOf(join(folder, "whole")));
      // Finished: more epochs go on, and the data set is not needed any more.
      expect(await train(options)).toMatchObject({ trained: 0 });
      const more = { data: null, outdir: null, resume: run, resolution: null, batch: null, epochs: 2.5 };
      expect((await train(more)).trained).toBeGreaterThan(0);
    },
  );

  it.each([
    [{ outdir: null }, "say where the run's files go"],
    [{ data: null }, "a new run needs a data set"],
    [{ resolution: 18 }, "resolution is 18, expected"],
    [{ width: 8 }, "--width is of --cfg spade"],
    [{ vgg: "/nowhere.onnx" }, "/nowhere.onnx: there is no such file"],
    [{ outdir: null, resume: "/nowhere" }, "/nowhere is not the folder of a painter's training run"],
  ] as [Partial<TrainPainterRequest>, string][])("refuses %j, and makes no folder", async (changes, message) => {
    await expect(train(changes)).rejects.toThrow(message);
    expect(existsSync(run)).toBe(false);
  });

  it("adds the perceptual loss of a user's VGG, goes on with the same one alone, and refuses what is none", async () => {
    const file = join(folder, "vgg.onnx");
    await writeFile(file, tinyVgg());
    const options = { preset: "spade", width: 2, resolution: 32, vgg: file } as const;
    await train({ preset: "spade", width: 2, resolution: 32, outdir: join(folder, "plain") });
    await expect(train(options, stopAfter(1))).rejects.toThrow("stopped");
    await writeFile(file, tinyVgg(3));
    await expect(train({ ...options, vgg: null })).rejects.toThrow("is not the one that this run began with");
    await writeFile(file, tinyVgg());
    await train({ ...options, vgg: null });
    expect((await traceOf(run)).painter).not.toBe((await traceOf(join(folder, "plain"))).painter);
    await expect(train({ ...options, preset: "auto", width: null, outdir: join(folder, "no") })).rejects.toThrow(
      "--vgg is of --cfg spade",
    );
    await writeFile(file, painterOnnx(tinyPainter()));
    await expect(train({ ...options, outdir: join(folder, "no") })).rejects.toThrow(
      /vgg.onnx: this is no VGG19 for a perceptual loss: it has \d+ convolutions, expected 13 or more/,
    );
  });

  it("refuses to continue otherwise than it was started", async () => {
    await train({ epochs: 0.2 });
    await expect(train({ batch: 4, seed: 7 })).rejects.toThrow("batch was 2, now 4; seed was 0, now 7");
  });
});

it("planPainterCost() tells pictures, networks and time, and writes nothing", async () => {
  let ms = 0;
  const cost = await planPainterCost(request({ epochs: 10 }), {}, () => {
    ms += 500;
    return ms;
  });
  expect(cost).toMatchObject({ pictures: { all: 12 }, rejected: [], done: 0 });
  expect(cost.images).toBe(10 * cost.pictures.train);
  expect(cost.secondsLeft).toBeGreaterThan(0);
  expect(existsSync(run)).toBe(false);
});
