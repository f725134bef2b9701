import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type * as files from "../../../../src/project/storage/files.ts";
import { dryRun } from "../../../../src/project/train/gan/dryRun.ts";
import type { TrainGanRequest } from "../../../../src/project/train/gan/options.ts";
import { type TrainSummary, trainGan } from "../../../../src/project/train/gan/run.ts";
import { samplesPath } from "../../../../src/project/train/gan/sheets.ts";
import type { MakeTrainer } from "../../../../src/project/train/gan/startTrainer.ts";
import { readLog } from "../../../../src/project/train/log/log.ts";
import { decodeState, encodeState, loadState, statePath } from "../../../../src/project/train/state.ts";
import type { JobOptions } from "../../../../src/tensor/progress.ts";
import { type GanRecipe, ganRecipe } from "../../../../src/train/gan/recipe.ts";
import type { GanTrainer } from "../../../../src/train/gan/trainer.ts";
import { initialState } from "../../../../src/train/gan/trainingState.ts";
import { writeFiles, writePlainSet } from "../pictures.ts";
import { fakeTrainer, watchedTrainer } from "./fakeTrainer.ts";

/** Called before a file is written. */
const writing = vi.hoisted(() => ({ before: async (_path: string): Promise<void> => undefined }));
vi.mock("../../../../src/project/storage/files.ts", async (original) => {
  const real = await original<typeof files>();
  const writeAtomic: typeof real.writeAtomic = async (...file) => {
    await writing.before(file[0]);
    return real.writeAtomic(...file);
  };
  return { ...real, writeAtomic };
});

let pictures: string;
let folder: string;
let run: string;
beforeAll(async () => {
  pictures = join(await mkdtemp(join(tmpdir(), "klish-set-")), "set");
  await writePlainSet(pictures, 20);
});
afterAll(() => rm(join(pictures, ".."), { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-train-"));
  run = join(folder, "run");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<TrainGanRequest> = {}): TrainGanRequest => ({
  data: pictures,
  outdir: run,
  resume: null,
  crop: null,
  fit: null,
  resize: null,
  mirror: null,
  preset: null,
  resolution: null,
  grow: null,
  batch: 32,
  gamma: null,
  learningRate: null,
  channelBase: 64,
  channelMax: 2,
  mappingLayers: null,
  noise: null,
  aug: null,
  target: null,
  seed: null,
  kimg: 4,
  hours: null,
  tick: null,
  snap: 2,
  metrics: false,
  saveMinutes: 5,
  provider: "cpu",
  threads: 1,
  command: "npx klish train gan",
  ...changes,
});

/** Everything that another run gets too, without time and place. */
const traceOf = async (name: string) => {
  const log = await readLog(name);
  const timeless = log.map(({ imagesPerSecond, seconds, memoryMB, ...line }) => line);
  return {
    state: (await readFile(statePath(name))).toString("base64"),
    network: (await readFile(join(name, "network.safetensors"))).toString("base64"),
    log: timeless,
    samples: await readdir(join(name, "samples")),
  };
};

/** Stops the job when it has seen this many images. */
const stopAt = (images: number): JobOptions => {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onProgress: ({ phase, note }) => {
      if (phase === "train" && Number(note?.split(" ")[0]) * 1000 >= images) controller.abort(new Error("stopped"));
    },
  };
};
const train = (
  changes: Partial<TrainGanRequest> = {},
  job: JobOptions = {},
  makeTrainer: MakeTrainer = fakeTrainer,
): Promise<TrainSummary> => trainGan(request(changes), job, { makeTrainer, now: () => performance.now() });

describe("trainGan()", () => {
  it("leaves settings, prepared pictures, a log, snapshots, sheets, events and a state", async () => {
    const result = await train();
    expect(result).toMatchObject({ images: 4000, trained: 4000, pictures: { count: 20, rejected: 0, enlarged: 0 } });
    const names = await readdir(run);
    expect(names.filter((name) => !name.startsWith("events")).sort()).toEqual([
      "clock.json",
      "images",
      "log.jsonl",
      "network-000002.safetensors",
      "network-000004.safetensors",
      "network.safetensors",
      "reals.png",
      "samples",
      "settings.json",
      "state-previous.safetensors",
      "state.safetensors",
    ]);
    expect((await readdir(join(run, "samples"))).sort()).toEqual([
      "kimg-000000.png",
      "kimg-000002.png",
      "kimg-000004.png",
    ]);
    expect(await sharp(join(run, "samples", "kimg-000004.png")).metadata()).toMatchObject({ width: 128, height: 128 });
    const log = await readLog(run);
    expect(log.map((line) => line.images)).toEqual([1024, 2016, 3008, 4000]);
    expect(Object.keys(log[0])).toEqual(
      "images kimg lossD lossG r1 realSign augmentP imagesPerSecond seconds memoryMB".split(" "),
    );
    const settings = JSON.parse(await readFile(join(run, "settings.json"), "utf8"));
    expect(settings).toMatchObject({ recipe: { resolution: 16, batch: 32, seed: 0 }, preset: "auto", kimg: 4 });
    const events = names.find((name) => name.startsWith("events.out.tfevents."));
    expect((await readFile(join(run, events as string))).includes("lossG")).toBe(true);
  });

  it("makes a tick's figures the means of its steps", async () => {
    const losses: number[] = [];
    await train({ kimg: 2 }, {}, watchedTrainer({ onStep: (loss) => losses.push(loss) }));
    const [first, second] = await readLog(run);
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    expect(first.lossG).toBeCloseTo(mean(losses.slice(0, 32)), 12);
    expect(second.lossG).toBeCloseTo(mean(losses.slice(32, 63)), 12);
  });

  it("logs with every snapshot how far the images are from the real ones", async () => {
    await train({ metrics: true });
    const [first, second, , last] = await readLog(run);
    expect(first).not.toHaveProperty("swd");
    for (const line of [second, last]) {
      // Images of one colour: no structure of the real ones', and no variety.
      expect(line["swd"]).toBeGreaterThanOrEqual(0);
      expect(line["coverage"]).toBeLessThan(0.5);
      expect(Object.keys(line)).toEqual(expect.arrayContaining(["density", "precision", "recall"]));
    }
    const trace = await traceOf(run);
    await train({ metrics: false, outdir: join(folder, "unmeasured") });
    expect(trace.state).toBe((await traceOf(join(folder, "unmeasured"))).state);
  });

  it("stopped at any step and run again ends with the state, network and log of an uninterrupted run", async () => {
    await train({ outdir: join(folder, "whole") });
    for (const images of [32, 992, 1024, 2016, 3500])
      await expect(train({}, stopAt(images))).rejects.toThrow("stopped");
    expect(await train()).toMatchObject({ images: 4000 });
    expect(await traceOf(run)).toEqual(await traceOf(join(folder, "whole")));
    expect(existsSync(join(run, ".lock"))).toBe(false);
  });

  it("run again when it is finished does nothing, and goes on for a longer training", async () => {
    await train({ kimg: 2 });
    expect(await train({ kimg: 2 })).toMatchObject({ trained: 0, images: 2016 });
    expect(await train({ ...nothing, resume: run, kimg: 4 })).toMatchObject({
      trained: 1984,
      images: 4000,
      folder: run,
    });
    await train({ outdir: join(folder, "whole") });
    expect((await traceOf(run)).state).toBe((await traceOf(join(folder, "whole"))).state);
  });

  it("drops what the log says after the state that it continues from", async () => {
    await train({ kimg: 2 });
    const state = await readFile(statePath(run));
    await train({ kimg: 4 });
    const expected = await readLog(run);
    // As a kill leaves it: ticks are logged, the state is that of before.
    await writeFile(statePath(run), state);
    await appendFile(join(run, "log.jsonl"), '{"images": 5000, "kim');
    await train({ kimg: 4 });
    expect((await readLog(run)).map((line) => line.lossG)).toEqual(expected.map((line) => line.lossG));
    expect((await readFile(join(run, "log.jsonl"), "utf8")).split("\n").length).toBe(expected.length + 1);
  });

  it("takes the state before when the newest is damaged, and one that was not yet put in its place", async () => {
    await train({ kimg: 2 });
    await train({ kimg: 4 });
    const whole = await traceOf(run);
    await truncate(statePath(run), 100);
    expect((await loadState(run))?.images).toBe(2016);
    await train({ kimg: 4 });
    expect(await traceOf(run)).toEqual(whole);

    await rename(statePath(run), join(run, "state-next.safetensors"));
    expect((await loadState(run))?.images).toBe(4000);
    expect(existsSync(statePath(run))).toBe(true);

    for (const name of ["state", "state-previous"]) await writeFile(join(run, `${name}.safetensors`), "nonsense");
    await expect(train({ kimg: 4 })).rejects.toThrow(/state\.safetensors is damaged .* Delete the state files/);
  });

  it("ends after the hours that it was given, those of earlier runs counted", async () => {
    let minutes = 0;
    const parts = { makeTrainer: watchedTrainer({ onStep: () => minutes++ }), now: () => minutes * 60_000 };
    const hour = { kimg: 1000, hours: 1 };
    await expect(trainGan(request(hour), stopAt(640), parts)).rejects.toThrow("stopped");
    minutes = 500;
    expect(await trainGan(request(hour), {}, parts)).toMatchObject({
      images: 60 * 32,
      trained: 39 * 32,
      seconds: 3600,
    });
    expect(await trainGan(request(hour), {}, parts)).toMatchObject({ trained: 0 });
    expect(await trainGan(request({ kimg: 1000, hours: 2 }), {}, parts)).toMatchObject({ images: 120 * 32 });
  });

  it("opens a run from before there were stages as one of one stage", async () => {
    await train({ kimg: 2 });
    const path = join(run, "settings.json");
    const { growth, ...settings } = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...settings, version: 1 }));
    expect(await train({ kimg: 4 })).toMatchObject({ trained: 1984 });
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ version: 2, growth: [] });
    await train({ outdir: join(folder, "whole") });
    expect((await traceOf(run)).state).toBe((await traceOf(join(folder, "whole"))).state);
  });

  it("writes the state as often as it is told to", async () => {
    const images: number[] = [];
    await train({ kimg: 0.128, saveMinutes: 0 }, {}, watchedTrainer({ onState: (n) => images.push(n) }));
    expect(images).toEqual([32, 64, 96, 128]);
    expect(decodeState(await readFile(statePath(run))).sums).toEqual({});
  });

  it.each([
    [{ gamma: 3 }, "gamma was 0.1, now 3"],
    [{ batch: 16, mirror: true }, "mirror was false, now true; batch was 32, now 16"],
    [{ aug: "noaug" as const }, "aug was ada, now noaug"],
    [{ crop: "none" }, "crop was centre, now none"],
    [{ resolution: 32 }, "resolution was 16, now 32"],
    [{ channelMax: 3 }, "channelMax was 2, now 3"],
  ])("refuses to continue with %j", async (changes, message) => {
    await train({ kimg: 1 });
    const before = await readFile(join(run, "settings.json"), "utf8");
    await expect(train(changes)).rejects.toThrow(`was started with other settings: ${message}`);
    expect(await readFile(join(run, "settings.json"), "utf8")).toBe(before);
  });

  it("refuses changed pictures, and trains on without them when they are gone", async () => {
    const own = join(folder, "set");
    await cp(pictures, own, { recursive: true, preserveTimestamps: true });
    await train({ data: own, kimg: 1 });
    await rm(join(own, "00.png"));
    await expect(train({ data: own, kimg: 2 })).rejects.toThrow("1 gone (00.png)");
    await rm(own, { recursive: true });
    await expect(train({ data: own, kimg: 2 })).rejects.toThrow("there is no such folder or file");
    expect(await train({ ...nothing, data: null, resume: run, outdir: null, kimg: 2 })).toMatchObject({ images: 2016 });
  });

  it("begins with another run's weights and sizes, and needs that run no more once it has a state", async () => {
    const origin = join(folder, "origin.safetensors");
    const recipe = ganRecipe(16, { channelBase: 64, channelMax: 8, zDim: 6, wDim: 8 });
    const its = { resume: origin, channelBase: null, channelMax: null };
    await writeFile(origin, encodeState({ training: initialState(recipe), images: 9000, sums: {}, recipe }));
    await expect(train({ ...its, channelMax: 2 })).rejects.toThrow("does not fit this run");
    expect(existsSync(run)).toBe(false);
    const given: (string | undefined)[][] = [];
    const makeTrainer: MakeTrainer = (r, options) => {
      given.push([...(options.state?.tensors.keys() ?? [])].filter((name) => name.startsWith("G/")));
      return fakeTrainer(r, options);
    };
    await expect(train(its, stopAt(100), makeTrainer)).rejects.toThrow("stopped");
    expect(given[0]).toContain("G/mapping.fc0.weight");
    const { recipe: own, from } = JSON.parse(await readFile(join(run, "settings.json"), "utf8"));
    expect({ own, from }).toMatchObject({ own: { channelMax: 8, zDim: 6, batch: 32 }, from: origin });
    await rm(origin);
    expect(await train({ ...its, kimg: 1 })).toMatchObject({ images: 1024 });
    await expect(train({ ...its, resume: join(folder, "other") })).rejects.toThrow(
      "is already a training run, started from",
    );
    await expect(train({ outdir: null, resume: statePath(run) })).rejects.toThrow(
      "is not the folder of a training run",
    );
  });

  it.each([
    [{ outdir: null }, "say where the run's files go"],
    [{ data: null }, "a new run needs pictures"],
    [{ data: "/nowhere" }, "/nowhere: there is no such folder or file"],
    [{ outdir: null, resume: "/nowhere" }, "/nowhere is not the folder of a training run"],
    [{ resume: "/nowhere" }, "/nowhere: there is no such file or folder"],
    [{ crop: "sideways" }, "expected centre, none, or x,y,w,h"],
    [{ aug: "noaug" as const, target: 0.5 }, "--target is of adaptive augmentation"],
    [{ channelBase: 1000 }, "channelBase is 1000"],
  ])("refuses %j, and makes no folder", async (changes, message) => {
    await expect(train(changes)).rejects.toThrow(message);
    expect(existsSync(run)).toBe(false);
  });

  it("refuses a folder with other files in it or among the pictures, and leaves it alone", async () => {
    await expect(train({ outdir: join(pictures, "run") })).rejects.toThrow("lies among the pictures");
    await expect(train({ outdir: pictures })).rejects.toThrow("is not empty and holds no training run (00.png, 01.png");
    expect(await readdir(pictures)).toHaveLength(20);
  });
});

describe("trainGan() in stages", () => {
  const growing = { resolution: 32 } as const;
  /** A trainer with a look at the recipes, that fails when it is to be made for the n-th time. */
  const watched = (recipes: GanRecipe[], failing = Number.POSITIVE_INFINITY): MakeTrainer => {
    return (recipe, options) => {
      if (recipes.push(recipe) === failing) throw new Error("killed");
      return fakeTrainer(recipe, options);
    };
  };
  const side = async (name: string) => (await sharp(join(run, "samples", name)).metadata()).width;

  it("begins with small images and goes on with larger ones, in one log and one folder", async () => {
    const recipes: GanRecipe[] = [];
    const notes: string[] = [];
    const job: JobOptions = { onProgress: ({ phase, note }) => phase === "train" && note && notes.push(note) };
    expect(await train(growing, job, watched(recipes))).toMatchObject({ images: 4000, trained: 4000 });
    expect(recipes.map(({ resolution, gamma }) => [resolution, gamma])).toEqual([
      [16, 0.1],
      [32, 1],
    ]);
    const settings = JSON.parse(await readFile(join(run, "settings.json"), "utf8"));
    expect(settings).toMatchObject({
      recipe: { resolution: 32 },
      growth: [{ resolution: 16, batch: 32, gamma: 0.1, kimg: 3.008 }],
    });
    expect((await readLog(run)).map((line) => line.images)).toEqual([1024, 2016, 3008, 4000]);
    expect((await readdir(join(run, "samples"))).sort()).toEqual([0, 2, 3, 4].map((kimg) => `kimg-00000${kimg}.png`));
    // Eight images a side.
    expect([await side("kimg-000003.png"), await side("kimg-000004.png")]).toEqual([128, 256]);
    expect((await loadState(run))?.recipe).toMatchObject({ resolution: 32 });
    expect(notes[0]).toBe("stage 1 of 2: 16 px");
    expect(notes[1]).toMatch(/^0\.0 kimg, stage 1 of 2: 16 px, /);
    expect(notes.at(-1)).toMatch(/^4\.0 kimg, stage 2 of 2: 32 px, /);
    expect(await sharp(join(run, "reals.png")).metadata()).toMatchObject({ width: 256 });
  });

  it("stopped at any step, the border's too, ends as an uninterrupted run", async () => {
    await train({ ...growing, outdir: join(folder, "whole") });
    for (const images of [1024, 2976, 3008, 3040, 3500])
      await expect(train(growing, stopAt(images))).rejects.toThrow("stopped");
    expect(await train(growing)).toMatchObject({ images: 4000 });
    expect(await traceOf(run)).toEqual(await traceOf(join(folder, "whole")));
  });

  it("killed between two stages, after or before the state of the first one's end, ends as an uninterrupted run", async () => {
    await train({ ...growing, outdir: join(folder, "whole") });
    await expect(train(growing, {}, watched([], 2))).rejects.toThrow("killed");
    expect(await loadState(run)).toMatchObject({ images: 3008, recipe: { resolution: 16 }, sums: {} });
    const before = join(folder, "before");
    await cp(run, before, { recursive: true });
    await rename(join(before, "state-previous.safetensors"), statePath(before));
    expect((await loadState(before))?.images).toBe(2016);
    for (const outdir of [run, before]) {
      await train({ ...growing, outdir });
      expect(await traceOf(outdir)).toEqual(await traceOf(join(folder, "whole")));
    }
  });

  describe("of hours", () => {
    const hour = (changes: Partial<TrainGanRequest> = {}) => request({ ...growing, kimg: null, hours: 1, ...changes });
    /** Minutes that a step takes, and a save; `steps` is filled with the images before each, and the side of its images. */
    const timed = (minutes: number, steps: [number, number][] = [], saving = 0) => {
      let time = 0;
      const makeTrainer: MakeTrainer = async (recipe, options) => {
        let trainer: GanTrainer;
        const onStep = () => {
          time += minutes * 60_000;
          steps.push([trainer.images - recipe.batch, recipe.resolution]);
        };
        const onState = () => {
          time += saving * 60_000;
        };
        trainer = await watchedTrainer({ onStep, onState })(recipe, options);
        return trainer;
      };
      return { makeTrainer, now: () => time };
    };
    const storedIn = async (name: string) => JSON.parse(await readFile(join(name, "settings.json"), "utf8"));

    it("end by the clock, and say where from then on, whatever hours come later", async () => {
      const steps: [number, number][] = [];
      // Half of the hour is over after 15 steps of two minutes.
      await expect(trainGan(hour(), stopAt(320), timed(2, steps))).rejects.toThrow("stopped");
      expect(await storedIn(run)).toMatchObject({ growth: [{ resolution: 16, kimg: null, hours: 0.5 }] });
      expect(await trainGan(hour({ hours: 2 }), stopAt(480), timed(2, steps)).catch(() => "stopped")).toBe("stopped");
      const growth = [{ resolution: 16, batch: 32, gamma: 0.1, kimg: 0.48, hours: null }];
      expect(await storedIn(run)).toMatchObject({ hours: 2, growth });
      expect(await loadState(run)).toMatchObject({ images: 480, recipe: { resolution: 32 } });
      expect(await trainGan(hour({ hours: 3 }), {}, timed(2, steps))).toMatchObject({
        images: 90 * 32,
        seconds: 10_800,
      });
      expect(await storedIn(run)).toMatchObject({ hours: 3, growth });
      expect(steps).toEqual(Array.from({ length: 90 }, (_, i) => [i * 32, i < 15 ? 16 : 32]));
    });

    it("end by --kimg where that is sooner", async () => {
      const steps: [number, number][] = [];
      expect(await trainGan(hour({ kimg: 0.128 }), {}, timed(2, steps))).toMatchObject({ images: 128 });
      expect(steps.map(([, side]) => side)).toEqual([16, 16, 16, 32]);
    });

    it("killed at any write end their stage once, where the settings say, with a snapshot", async () => {
      // Three steps end after 13, 28 and 43 minutes (and half of the hour is over while the state is saved), then two more.
      const batch = 512;
      const often = (outdir: string) => hour({ outdir, batch, saveMinutes: 0 });
      const copies: string[] = [];
      writing.before = async (path) => {
        if (!existsSync(statePath(run)) || path.includes("network")) return;
        const copy = join(folder, `killed-${copies.length}`);
        await cp(run, copy, { recursive: true, filter: (path) => !path.endsWith(".lock") });
        copies.push(copy);
      };
      expect(await trainGan(often(run), {}, timed(13, [], 2))).toMatchObject({ images: 5 * batch, seconds: 73 * 60 });
      writing.before = async () => undefined;
      const ends = new Set<string>();
      for (const outdir of copies) {
        const steps: [number, number][] = [];
        const { images, seconds } = await trainGan(often(outdir), {}, timed(13, steps, 2));
        expect(seconds).toBeGreaterThanOrEqual(3600);
        const [{ kimg, hours }] = (await storedIn(outdir)).growth;
        expect(hours).toBeNull();
        for (const [shown, side] of steps) expect(side).toBe(shown < kimg * 1000 ? 16 : 32);
        expect((await readLog(outdir)).map((line) => line.kimg)).toEqual(expect.arrayContaining([kimg, images / 1000]));
        for (const end of [kimg, images / 1000]) expect(existsSync(samplesPath(outdir, end * 1000))).toBe(true);
        ends.add([(kimg * 1000) / batch, images / batch].join());
        if (images === 5 * batch && kimg * 1000 === 3 * batch)
          expect(await traceOf(outdir)).toEqual(await traceOf(run));
      }
      // Where a state was written and its clock was not, there is a step more in the stage.
      expect([...ends].sort()).toEqual(["3,5", "3,6", "4,6"]);
    });
  });

  it("makes no stages with --no-grow, and does not change its mind", async () => {
    await train({ ...growing, grow: false, kimg: 0.1 });
    expect((await loadState(run))?.recipe).toMatchObject({ resolution: 32 });
    await rm(run, { recursive: true });
    await train({ ...growing, kimg: 0.1 });
    await expect(train({ ...growing, grow: false })).rejects.toThrow("grow was true, now false");
  });
});

describe("dryRun()", () => {
  /** Every step takes a second, with R1 five. */
  const timed = () => {
    let ms = 0;
    let steps = 0;
    const onStep = () => {
      ms += ++steps % 16 === 0 ? 5000 : 1000;
    };
    return { makeTrainer: watchedTrainer({ onStep }), now: () => ms };
  };

  it("tells pictures, sizes, time and disk, and writes nothing", async () => {
    const set = join(folder, "set");
    await cp(pictures, set, { recursive: true });
    await writeFile(join(set, "broken.jpg"), "no picture");
    await writeFile(join(set, "notes.txt"), "");
    const plan = await dryRun(request({ data: set, kimg: 64 }), {}, timed());
    expect(plan.pictures).toMatchObject({ files: 21, others: 1, tried: 21, rejected: [{ name: "broken.jpg" }] });
    expect(plan.pictures.sizes).toEqual(Array(3).fill({ width: 16, height: 16 }));
    // 1000 / 32 steps of 1 + 4 / 16 seconds.
    const stage = { resolution: 16, batch: 32, gamma: 0.1, kimg: 64, secondsPerKimg: 39.0625, seconds: 2500 };
    expect(plan).toMatchObject({ stages: [stage], secondsLeft: 2500, kimgAtEnd: 64, images: 0 });
    const { tensors } = initialState(plan.settings.recipe);
    const count = (prefix: string) =>
      [...tensors].reduce((sum, [name, t]) => sum + (name.startsWith(prefix) ? t.data.length : 0), 0);
    expect(plan.parameters).toEqual({ generator: count("G/"), discriminator: count("D/") });
    expect(plan.diskBytes.pictures).toBe(21 * 16 * 16 * 3);
    expect(existsSync(run)).toBe(false);
  });

  it("times every stage, and divides the hours", async () => {
    const plan = await dryRun(request({ resolution: 32, kimg: null, hours: 1 }), {}, timed());
    expect(plan.stages).toMatchObject([
      { resolution: 16, batch: 32, gamma: 0.1 },
      { resolution: 32, batch: 32, gamma: 1 },
    ]);
    const [first, last] = plan.stages;
    // A step costs 1.25 s: 1800 s are 1440.
    expect(first).toMatchObject({ kimg: expect.closeTo(46.08, 9), seconds: 1800 });
    expect(last.seconds).toBe(1800);
    expect(plan.kimgAtEnd).toBeCloseTo(first.kimg + last.kimg, 9);
    expect(existsSync(run)).toBe(false);
  });

  it("counts what is done, and ends by the hours", async () => {
    await train({ kimg: 1 });
    const before = await readdir(run);
    const plan = await dryRun(request({ ...nothing, outdir: run, kimg: 64, hours: 0.1 }), {}, timed());
    expect(plan.images).toBe(1024);
    expect(plan.secondsLeft).toBeLessThanOrEqual(360);
    expect(plan.secondsLeft).toBeGreaterThan(300);
    expect(plan.kimgAtEnd).toBeCloseTo(1.024 + plan.secondsLeft / plan.stages[0].secondsPerKimg, 9);
    expect(await readdir(run)).toEqual(before);
  });

  it("says so when no picture can be used", async () => {
    const set = join(folder, "set");
    await writeFiles(set, { "a.png": "no picture" });
    await expect(dryRun(request({ data: set }), {}, timed())).rejects.toThrow(
      /none of 1 pictures can be used; a\.png: .*unsupported/,
    );
  });
});

/** Options that say nothing. */
const nothing = {
  batch: null,
  channelBase: null,
  channelMax: null,
  snap: null,
  kimg: null,
  outdir: null,
  data: null,
} as const;
