import { describe, expect, it } from "vitest";
import type { TrainOptions } from "../../../../src/project/train/gan/options.ts";
import { continuedSettings, newSettings } from "../../../../src/project/train/gan/settings.ts";
import {
  forecast,
  growthByHours,
  growthByImages,
  growthSides,
  stageAt,
  stagesOf,
  wholeBatches,
  withEnd,
  workDone,
} from "../../../../src/project/train/gan/stages.ts";

const nothing: TrainOptions = {
  data: null,
  crop: null,
  fit: null,
  resize: null,
  mirror: null,
  preset: null,
  resolution: null,
  grow: null,
  batch: null,
  gamma: null,
  learningRate: null,
  channelBase: null,
  channelMax: null,
  mappingLayers: null,
  noise: null,
  aug: null,
  target: null,
  seed: null,
  kimg: null,
  hours: null,
  tick: null,
  snap: null,
};
const origin = { command: "npx klish train gan", versions: {}, from: null };
const settingsOf = (resolution: number, options: Partial<TrainOptions> = {}, from?: number) =>
  newSettings(
    { ...nothing, ...options },
    "/photos",
    resolution,
    from === undefined ? undefined : { sizes: {}, resolution: from },
    origin,
  );
const ratesOf = (settings: ReturnType<typeof settingsOf>) =>
  stagesOf(settings).map(({ recipe: { resolution, batch, gamma } }) => [resolution, batch, gamma]);

describe("the lengths of stages", () => {
  it("sides double from the first to below the target", () => {
    expect(growthSides(16, 128)).toEqual([16, 32, 64]);
    expect(growthSides(16, 16)).toEqual([]);
    expect(growthSides(32, 16)).toEqual([]);
  });

  it("give the last stage half of the time, the others the rest, where an image of twice the side costs three times", () => {
    // Time 1/4, 1/4, 1/2 and costs 1, 3, 9: images as 9 : 3 : 2.
    expect(growthByImages([16, 32, 64], 14)).toEqual([expect.closeTo(9, 12), expect.closeTo(3, 12)]);
    // 1/2 and 1/2 at costs 1 and 3.
    expect(growthByImages([32, 64], 8)).toEqual([expect.closeTo(6, 12)]);
    expect(growthByImages([64], 8)).toEqual([]);
  });

  it("by hours end by the clock: all before the last when half of the time is over", () => {
    expect(growthByHours(1, 3)).toEqual([1.5]);
    expect(growthByHours(2, 2)).toEqual([0.5, 1]);
    expect(growthByHours(0, 2)).toEqual([]);
  });

  it("are whole batches, at least one", () => {
    expect(wholeBatches(1, 32)).toBe(0.992);
    expect(wholeBatches(1e-9, 32)).toBe(0.032);
  });
});

describe("the stages of settings", () => {
  it("grow from 16 px, with batch and gamma by resolution and the sizes of the last", () => {
    const settings = settingsOf(64, { kimg: 14 });
    expect(ratesOf(settings)).toEqual([
      [16, 32, 0.1],
      [32, 16, 1],
      [64, 16, 4],
    ]);
    const stages = stagesOf(settings);
    expect(stages.map(({ number, of, begin, end }) => [number, of, begin, end])).toEqual([
      [1, 3, 0, 8992],
      [2, 3, 8992, 8992 + 3008],
      [3, 3, 12_000, Number.POSITIVE_INFINITY],
    ]);
    const { batch, gamma, emaKimg, groupSize, resolution, ...sizes } = settings.recipe;
    for (const { recipe } of stages) expect(recipe).toMatchObject(sizes);
    expect(stages.map(({ recipe }) => recipe.emaKimg)).toEqual([10, 5, 5]);
    expect([0, 8991, 8992, 11_999, 12_000, 1e9].map((images) => stageAt(stages, images).number)).toEqual([
      1, 1, 2, 2, 3, 3,
    ]);
  });

  it("take what the user gives for all of them", () => {
    expect(ratesOf(settingsOf(64, { batch: 8, gamma: 3 }))).toEqual([
      [16, 8, 3],
      [32, 8, 3],
      [64, 8, 3],
    ]);
  });

  it("are but one with --no-grow, for paper, and for images of 16 px; from other weights they begin above those", () => {
    for (const settings of [settingsOf(64, { grow: false }), settingsOf(64, { preset: "paper" }), settingsOf(16)])
      expect(settings.growth).toEqual([]);
    expect(ratesOf(settingsOf(64, { preset: "paper" }))).toEqual([[64, 32, (0.0002 * 4096) / 32]]);
    expect(settingsOf(64, {}, 16).growth.map(({ resolution }) => resolution)).toEqual([32]);
    expect(settingsOf(64, {}, 64).growth).toEqual([]);
  });

  it("above 128 px follow ADA's rule for gamma where it asks for more", () => {
    expect(settingsOf(256).recipe).toMatchObject({ batch: 16, gamma: 4 });
    expect(settingsOf(512).recipe).toMatchObject({ batch: 8, gamma: (0.0002 * 512 ** 2) / 8 });
  });

  it("end by the hours, or by --kimg where that is sooner", () => {
    const ends = (options: Partial<TrainOptions>) =>
      settingsOf(64, options).growth.map(({ kimg, hours }) => [kimg, hours]);
    expect(ends({ hours: 2 })).toEqual([
      [null, 0.5],
      [null, 1],
    ]);
    expect(ends({ hours: 2, kimg: 14 })).toEqual([
      [8.992, 0.5],
      [3.008, 1],
    ]);
    expect(ends({ kimg: 14 })).toEqual([
      [8.992, null],
      [3.008, null],
    ]);
  });

  it("have known lengths once they have ended, and only then", () => {
    const begun = settingsOf(64, { hours: 2 });
    const spans = (settings: typeof begun) =>
      stagesOf(settings).map(({ begin, end, deadline }) => [begin, end, deadline]);
    const never = Number.POSITIVE_INFINITY;
    expect(spans(begun)).toEqual([
      [0, never, 1800],
      [never, never, 3600],
      [never, never, never],
    ]);
    const first = withEnd(begun, stagesOf(begun)[0], 640);
    expect(spans(first)).toEqual([
      [0, 640, never],
      [640, never, 3600],
      [never, never, never],
    ]);
    expect([0, 639, 640, 1e9].map((images) => stageAt(stagesOf(first), images).number)).toEqual([1, 1, 2, 2]);
    // One that has no time at all is left out.
    expect(stageAt(stagesOf(withEnd(first, stagesOf(first)[1], 640)), 640).number).toBe(3);
  });

  it("keep their hours when the run gets more, and get some when it had none", () => {
    const longer = (begun: Partial<TrainOptions>) =>
      continuedSettings(settingsOf(64, begun), { ...nothing, hours: 10 }, "run").growth.map(({ hours }) => hours);
    expect(longer({ hours: 2 })).toEqual([0.5, 1]);
    expect(longer({ kimg: 14 })).toEqual([2.5, 5]);
  });
});

describe("forecast()", () => {
  const settings = settingsOf(64, { kimg: 14 });

  it("tells every stage's images and time, and what of them is left", () => {
    expect(forecast(settings, [1, 3, 9], { images: 0, seconds: 0 })).toEqual([
      { kimg: 8.992, seconds: 8.992 },
      { kimg: expect.closeTo(3.008, 9), seconds: expect.closeTo(9.024, 9) },
      { kimg: expect.closeTo(2, 9), seconds: expect.closeTo(18, 9) },
    ]);
    expect(forecast(settings, [1, 3, 9], { images: 13_000, seconds: 27 }).map(({ kimg }) => kimg)).toEqual([0, 0, 1]);
  });

  it("ends by the hours, whichever stage that is in", () => {
    const seconds = (hours: number, done: number) =>
      forecast({ ...settings, kimg: null, hours: hours / 3600 }, [1, 3, 9], { images: 0, seconds: done }).map((s) =>
        Number(s.seconds.toFixed(9)),
      );
    expect(seconds(100, 0)).toEqual([8.992, 9.024, 81.984]);
    expect(seconds(10, 0)).toEqual([8.992, 1.008, 0]);
    expect(seconds(10, 11)).toEqual([0, 0, 0]);
  });

  it("ends stages by the clock, whatever an image costs", () => {
    const hour = settingsOf(64, { hours: 1 });
    const seconds = (settings: typeof hour, costs: number[], done: { images: number; seconds: number }) =>
      forecast(settings, costs, done).map((s) => Number(s.seconds.toFixed(9)));
    const start = { images: 0, seconds: 0 };
    expect(forecast(hour, [10, 30, 90], start)).toEqual([
      { kimg: 90, seconds: 900 },
      { kimg: 30, seconds: 900 },
      { kimg: 20, seconds: 1800 },
    ]);
    expect(seconds(hour, [1, 7, 20], { images: 5000, seconds: 1000 })).toEqual([0, 800, 1800]);
    // The first one ended at 40 kimg; 5 of 20 are done of the second.
    const first = withEnd(hour, stagesOf(hour)[0], 40_000);
    expect(seconds(first, [10, 30, 90], { images: 45_000, seconds: 1100 })).toEqual([0, 700, 1800]);
    // 8.992 kimg before the first's 900 s are over, 30 of the second's 3.008 would take until then.
    expect(seconds(settingsOf(64, { hours: 1, kimg: 14 }), [10, 1000, 10], start)).toEqual([89.92, 1710.08, 32.9792]);
  });
});

it("workDone() weighs images by what they cost", () => {
  const stages = stagesOf(settingsOf(64, { kimg: 14 }));
  const total = 8992 + 3 * 3008 + 9 * 2000;
  expect(workDone(stages, 0, 14_000)).toBe(0);
  expect(workDone(stages, 8992, 14_000)).toBeCloseTo(8992 / total, 12);
  expect(workDone(stages, 13_000, 14_000)).toBeCloseTo((total - 9000) / total, 12);
  expect(workDone(stages, 14_000, 14_000)).toBe(1);
  expect(workDone(stagesOf(settingsOf(16)), 500, 1000)).toBe(0.5);
});
