import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../../src/checkpoint/safetensors.ts";
import { unetParameters } from "../../../src/models/unet.ts";
import { initialTensors } from "../../../src/nn/parameters.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import type { SeparabilityRequest } from "../../../src/project/evaluation/options.ts";
import {
  judge,
  type LabelledPixels,
  learn,
  splitImages,
  trainingPixels,
} from "../../../src/project/evaluation/separability.ts";
import { separabilityJob } from "../../../src/project/evaluation/separabilityJob.ts";
import type { SeparabilityFile } from "../../../src/project/evaluation/separabilityRows.ts";
import { SEGMENTER_METADATA } from "../../../src/project/segment/segmenterModel.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

/** Pixels of `perImage` values each, one channel. */
const oneChannel = (values: readonly number[], truth: readonly number[], perImage: number): LabelledPixels => ({
  features: denseFeatures(tensor([values.length, 1], Float32Array.from(values))),
  truth: Uint16Array.from(truth),
  images: values.length / perImage,
  pixelsPerImage: perImage,
});
const all = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

describe("splitImages and trainingPixels", () => {
  it("share out every image once, and give few-shot runs the first of those that all-shot runs get", () => {
    const { train, test } = splitImages(20, 5, 3);
    expect([...train, ...test].sort((a, b) => a - b)).toEqual([...all(20)]);
    expect(test).toHaveLength(5);
    expect(splitImages(20, 5, 4).test).not.toEqual(test);
  });

  it("leave out unlabelled pixels, and draw no more than asked for", () => {
    const pixels = oneChannel([0, 1, 2, 3, 4, 5], [0, 255, 1, 1, 0, 255], 2);
    expect([...trainingPixels(pixels, Int32Array.of(0, 2), 10, 0)]).toEqual([0, 4]);
    expect(trainingPixels(pixels, all(3), 2, 0)).toHaveLength(2);
  });
});

describe("learn and judge", () => {
  it("put the border of nearest centroids half-way between them", async () => {
    // Centroids 1 and 9, so the border is 5: of the second image, 4 is of class 0 and 6 of class 1.
    const pixels = oneChannel([0, 2, 9, 4, 6, 4.5], [0, 0, 1, 0, 1, 1], 3);
    const classifier = await learn("centroid", pixels, all(3), 2);
    const scores = await judge(classifier, pixels, Int32Array.of(1));
    // Found 0 1 0, true 0 1 1.
    expect(scores.accuracy).toBeCloseTo(2 / 3);
    expect(scores.iou).toEqual([1 / 2, 1 / 2]);
  });

  it("average IoUs over the images that show or find a class, and pool them over pixels", async () => {
    const pixels = oneChannel([0, 10, 0, 0, 0, 10, 0, 0], [0, 1, 0, 0, 0, 0, 0, 255], 4);
    const classifier = await learn("centroid", pixels, all(4), 3);
    const { iou, pooledIou, accuracy } = await judge(classifier, pixels, all(2));
    // First image: all right. Second: a pixel of class 0 is found as 1; the last one is not labelled. Class 2 is nowhere.
    expect(iou).toEqual([(1 + 2 / 3) / 2, (1 + 0) / 2, Number.NaN]);
    expect(pooledIou).toEqual([5 / 6, 1 / 2, Number.NaN]);
    expect(accuracy).toBeCloseTo(6 / 7);
  });

  it.each(["centroid", "lse", "svm"] as const)("never find a class that was not shown: %s", async (method) => {
    const pixels = oneChannel([0, 1, 9, 10, 5, 6], [0, 0, 2, 2, 1, 1], 2);
    const classifier = await learn(method, pixels, all(4), 3);
    expect(classifier.bias[1]).toBe(Number.NEGATIVE_INFINITY);
    const { iou } = await judge(classifier, pixels, all(3));
    expect(iou[1]).toBe(0);
    expect(iou[0]).toBeGreaterThan(0.3);
  });

  it("separate long parallel classes by lines, not by centroids", async () => {
    const random = new RandomState(0);
    const N = 1200;
    const points = tensor([N, 2]);
    const truth = new Uint16Array(N);
    for (let i = 0; i < N; i++) {
      truth[i] = random.randint(2);
      // Ten times as long as they are apart, and the first is seen mostly at its left end.
      const along = 20 * random.randomSample() ** (truth[i] === 0 ? 3 : 1 / 3);
      points.data.set([along, 2 * truth[i] + 0.3 * random.randn()], i * 2);
    }
    const pixels: LabelledPixels = { features: denseFeatures(points), truth, images: 12, pixelsPerImage: 100 };
    const [centroid, lse, svm] = await Promise.all(
      (["centroid", "lse", "svm"] as const).map(async (method) =>
        judge(await learn(method, pixels, all(800), 2), pixels, Int32Array.of(8, 9, 10, 11)),
      ),
    );
    expect(centroid.accuracy).toBeLessThan(0.93);
    expect(lse.accuracy).toBeGreaterThan(0.98);
    expect(svm.accuracy).toBeGreaterThan(0.98);
  });
});

describe("separabilityJob", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-separability-"));
    await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
    const plan = { imageChannels: 3, classes: 3, channels: [4, 4] };
    const about = { side: 8, classes: [{ name: "sky" }, { name: "sea" }, { name: "land" }] };
    await writeFile(
      join(folder, "segmenter.safetensors"),
      writeSafetensors(initialTensors(unetParameters(plan), 1), { [SEGMENTER_METADATA]: JSON.stringify(about) }),
    );
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const request = (changes: Partial<SeparabilityRequest> = {}): SeparabilityRequest => ({
    network: join(folder, "tiny.onnx"),
    images: 8,
    truth: null,
    segmenter: { file: join(folder, "segmenter.safetensors"), size: null, range: [0, 1], output: null },
    outdir: join(folder, "out"),
    methods: ["centroid", "lse"],
    shots: [1],
    splits: [0, 1],
    testImages: null,
    mostPixels: 1000,
    provider: "cpu",
    threads: 1,
    command: "npx klish evaluate separability",
    ...changes,
  });

  it("measures a generator with the classes that a segmenter of ours sees, and extends what it measured", async () => {
    const first = await separabilityJob(request(), {});
    // Two methods, from 1 and from 6 images, two splits.
    expect(first.rows).toBe(8);
    const before = JSON.parse(await readFile(first.json, "utf8")) as SeparabilityFile;
    expect(before).toMatchObject({ classes: ["sky", "sea", "land"], images: 8, testImages: 2, channels: 11 });
    for (const row of before.rows) {
      expect(row.accuracy).toBeGreaterThanOrEqual(0);
      expect(row.trainingPixels).toBe(row.shots * 64);
    }
    const again = await separabilityJob(request({ methods: ["centroid", "lse", "svm"] }), {});
    const after = JSON.parse(await readFile(again.json, "utf8")) as SeparabilityFile;
    expect(after.rows.slice(0, 8)).toEqual(before.rows);
    expect(after.rows).toHaveLength(12);
    expect(again.text).toContain("| sea |");
    expect(again.text).toContain("| one-vs-rest SVM |");
    const csv = (await readFile(again.csv, "utf8")).trim().split("\n");
    expect(csv).toHaveLength(13);
    expect(csv[0]).toContain("pooledIou land");
  });

  it("says what is missing or does not fit", async () => {
    await expect(separabilityJob(request({ segmenter: null }), {})).rejects.toThrow("--segmenter, or --truth");
    await expect(separabilityJob(request({ testImages: 8 }), {})).rejects.toThrow("cannot be split");
    const wrong = { file: join(folder, "wrong.safetensors"), size: null, range: [0, 1], output: null } as const;
    await writeFile(wrong.file, writeSafetensors(new Map(), {}));
    await expect(separabilityJob(request({ segmenter: wrong }), {})).rejects.toThrow("is not a segmenter of klish");
  });
});
