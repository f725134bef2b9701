import { describe, expect, it } from "vitest";
import { newSettings, plannedByHours, type TrainOptions } from "../../../src/project/train/settings.ts";
import {
  cutShort,
  forecast,
  growthByHours,
  growthByImages,
  growthSides,
  stageAt,
  stagesOf,
  wholeBatches,
  workDone,
} from "../../../src/project/train/stages.ts";

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

  it("by hours follow from the measured costs, with a tenth for what is not measured", () => {
    // 3600 s * 0.9 / 4 = 810 s.
    expect(growthByHours([10, 27], 1)).toEqual([expect.closeTo(81, 12), expect.closeTo(30, 12)]);
    expect(growthByHours([], 1)).toEqual([]);
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

  it("planned by hours, have lengths by what they cost, or by --kimg where that ends the run first", () => {
    const planned = (options: Partial<TrainOptions>) =>
      plannedByHours(settingsOf(64, options), [10, 27]).growth.map(({ kimg }) => kimg);
    expect(planned({ hours: 1 })).toEqual([80.992, 30]);
    expect(planned({ hours: 1, kimg: 14 })).toEqual([8.992, 3.008]);
    expect(settingsOf(64, { hours: 1 }).kimg).toBeNull();
    expect(planned({ kimg: 14 })).toEqual([8.992, 3.008]);
  });
});

it("stages of a run of hours end in any case where their share of the time does", () => {
  const settings = settingsOf(64, { hours: 1 });
  expect(stagesOf(settings).map(({ deadline }) => deadline)).toEqual([900, 1800, 3600]);
  const cut = cutShort(settings, stagesOf(settings)[0], 640);
  expect(stagesOf(cut).map(({ begin }) => begin)).toEqual([0, 640, 640 + settings.growth[1].kimg * 1000]);
  // One that has no time at all is left out.
  expect(stageAt(stagesOf(cutShort(cut, stagesOf(cut)[1], 640)), 640).number).toBe(3);
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
