import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { JobOptions } from "../../src/tensor/progress.ts";
import { type PortraitRuns, stopAfter, traceOf } from "../project/train/portraitRuns.ts";

/** The settings that every training on pictures with masks has. */
interface CommonRequest {
  readonly data: string | null;
  readonly outdir: string | null;
  readonly resume: string | null;
  readonly resolution: number | null;
  readonly batch: number | null;
  readonly epochs: number | null;
  readonly seed: number | null;
}

/** A training on pictures with masks, as its tests need it. */
export interface LabelledTraining<Request extends CommonRequest> {
  /** "a segmenter's": what its runs are called in messages. */
  readonly whose: string;
  /** File of what it learned, in the run's folder. */
  readonly model: string;
  /** A request that takes a second: 16 px, batches of two. */
  readonly request: (changes?: Partial<Request>) => Request;
  readonly train: (
    request: Request,
    job: JobOptions,
  ) => Promise<{ trained: number; images: number; pictures: { train: number; val: number } }>;
  readonly plan: (
    request: Request,
    now: () => number,
  ) => Promise<{ pictures: { all: number; train: number }; images: number; done: number; secondsLeft: number }>;
  /** Changes of the request under which stopping and going on is tried, by name. */
  readonly stopped: Record<string, () => Partial<Request>>;
  /** Changes of the request that are refused before a folder is made, and what is said of them. */
  readonly refused: readonly (readonly [Partial<Request>, string])[];
}

/** What `klish train segmenter` and `klish train painter` promise alike. */
export function labelledTrainingContract<Request extends CommonRequest>(
  runs: PortraitRuns,
  { whose, model, request, train: start, plan, stopped, refused }: LabelledTraining<Request>,
): void {
  const train = (changes: Partial<CommonRequest>, job: JobOptions = {}) =>
    start(request(changes as Partial<Request>), job);

  describe(`${whose} training`, () => {
    it("leaves settings, prepared pictures, a log, sheets, events, a state, and what it learned", async () => {
      const { pictures } = await train({});
      expect(pictures.train + pictures.val).toBe(12);
      const names = await readdir(runs.run);
      expect(names.filter((name) => name.startsWith("events.out.tfevents."))).toHaveLength(1);
      expect(names.filter((name) => !name.startsWith("events")).sort()).toEqual(
        [
          "clock.json",
          "images",
          "log.jsonl",
          "samples",
          model,
          "settings.json",
          "state-previous.safetensors",
          "state.safetensors",
        ].sort(),
      );
    });

    it.each(Object.entries(stopped))(
      "%s: stopped at any step and run again ends with the state, model and log of an uninterrupted run",
      async (_, changed) => {
        const changes = changed();
        const whole = join(runs.folder, "whole");
        await train({ ...changes, outdir: whole });
        for (const steps of [0, 1, 3]) await expect(train(changes, stopAfter(steps))).rejects.toThrow("stopped");
        const { images } = await train(changes);
        expect(await traceOf(runs.run, model)).toEqual(await traceOf(whole, model));
        // Finished: more epochs go on, and the data set is not needed any more.
        expect(await train(changes)).toMatchObject({ trained: 0 });
        const resumed = { data: null, outdir: null, resume: runs.run, preset: null, resolution: null, batch: null };
        const { epochs } = request(changes);
        const more = await train({ ...resumed, epochs: (epochs as number) + 0.5 });
        expect(more).toMatchObject({ trained: expect.any(Number), images: images + more.trained });
        expect(more.trained).toBeGreaterThan(0);
      },
    );

    it.each([
      [{ outdir: null }, "say where the run's files go"],
      [{ data: null }, "a new run needs a data set"],
      [{ resolution: 18 }, "resolution is 18, expected"],
      [{ outdir: null, resume: "/nowhere" }, `/nowhere is not the folder of ${whose} training run`],
      ...refused,
    ] as [Partial<Request>, string][])("refuses %j, and makes no folder", async (changes, message) => {
      await expect(start(request(changes), {})).rejects.toThrow(message);
      expect(existsSync(runs.run)).toBe(false);
    });

    it("refuses to continue otherwise than it was started", async () => {
      await train({ epochs: 0.2 });
      const before = await readFile(join(runs.run, "settings.json"), "utf8");
      await expect(train({ batch: 4, seed: 7 })).rejects.toThrow("batch was 2, now 4; seed was 0, now 7");
      expect(await readFile(join(runs.run, "settings.json"), "utf8")).toBe(before);
    });

    it("tells beforehand pictures and time, and writes nothing", async () => {
      let ms = 0;
      const cost = await plan(request({ epochs: 10 } as Partial<Request>), () => {
        ms += 500;
        return ms;
      });
      expect(cost).toMatchObject({ pictures: { all: 12 }, rejected: [], done: 0 });
      expect(cost.images).toBe(10 * cost.pictures.train);
      expect(cost.secondsLeft).toBeGreaterThan(0);
      expect(existsSync(runs.run)).toBe(false);
    });
  });
}
