import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { painterOnnx } from "../../../../src/models/painter/painterFile.ts";
import { readPainter } from "../../../../src/project/paint/painterModel.ts";
import { readLog } from "../../../../src/project/train/log/log.ts";
import { planPainterCost } from "../../../../src/project/train/painter/dryRun.ts";
import { type TrainPainterRequest, trainPainterRequest } from "../../../../src/project/train/painter/options.ts";
import { trainPainter } from "../../../../src/project/train/painter/run.ts";
import type { JobOptions } from "../../../../src/tensor/progress.ts";
import { labelledTrainingContract } from "../../../contracts/labelledTraining.ts";
import { tinyPainter } from "../../../models/painter/tinyPainter.ts";
import { tinyVgg } from "../../../models/painter/tinyVgg.ts";
import { portraitRuns, stopAfter } from "../portraitRuns.ts";

const runs = portraitRuns();
const request = (changes: Partial<TrainPainterRequest> = {}): TrainPainterRequest => ({
  ...trainPainterRequest.parse({}),
  data: runs.data,
  outdir: runs.run,
  resolution: 16,
  batch: 2,
  epochs: 2,
  provider: "cpu",
  threads: 1,
  ...changes,
});
const train = (changes: Partial<TrainPainterRequest> = {}, job: JobOptions = {}) =>
  trainPainter(request(changes), job, () => performance.now());

labelledTrainingContract(runs, {
  whose: "a painter's",
  model: "painter.safetensors",
  request,
  train: (asked, job) => trainPainter(asked, job, () => performance.now()),
  plan: (asked, now) => planPainterCost(asked, {}, now),
  stopped: {
    auto: () => ({ preset: "auto" as const }),
    spade: () => ({ preset: "spade" as const, width: 2, resolution: 32 }),
  },
  refused: [
    [{ width: 8 }, "--width is of --cfg spade"],
    [{ vgg: "/nowhere.onnx" }, "/nowhere.onnx: there is no such file"],
  ],
});

describe("trainPainter()", () => {
  it("keeps the styles of its pictures, and shows what it paints", async () => {
    const result = await train();
    const { train: learned, val } = result.pictures;
    const log = await readLog(runs.run);
    expect(Object.keys(log[0])).toEqual(expect.arrayContaining(["lossPainter", "lossAdversary", "colours"]));
    expect(log.at(-1)).toHaveProperty("colourError");
    // Masks, pictures, and three rows of paintings, of all pictures that are held back.
    const [sheet] = (await readdir(join(runs.run, "samples"))).slice(-1);
    expect(await sharp(join(runs.run, "samples", sheet)).metadata()).toMatchObject({ width: val * 16, height: 5 * 16 });
    const { about, styles } = await readPainter(runs.run);
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

  it("adds the perceptual loss of a user's VGG, goes on with the same one alone, and refuses what is none", async () => {
    const file = join(runs.folder, "vgg.onnx");
    await writeFile(file, tinyVgg());
    const learned = (run: string) => readFile(join(run, "painter.safetensors"));
    const options = { preset: "spade", width: 2, resolution: 32, vgg: file } as const;
    await train({ preset: "spade", width: 2, resolution: 32, outdir: join(runs.folder, "plain") });
    await expect(train(options, stopAfter(1))).rejects.toThrow("stopped");
    await writeFile(file, tinyVgg(3));
    await expect(train({ ...options, vgg: null })).rejects.toThrow("is not the one that this run began with");
    await writeFile(file, tinyVgg());
    await train({ ...options, vgg: null });
    expect(await learned(runs.run)).not.toEqual(await learned(join(runs.folder, "plain")));
    await expect(train({ ...options, preset: "auto", width: null, outdir: join(runs.folder, "no") })).rejects.toThrow(
      "--vgg is of --cfg spade",
    );
    await writeFile(file, painterOnnx(tinyPainter()));
    await expect(train({ ...options, outdir: join(runs.folder, "no") })).rejects.toThrow(
      /vgg.onnx: this is no VGG19 for a perceptual loss: it has \d+ convolutions, expected 13 or more/,
    );
  });
});
