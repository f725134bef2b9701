import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng } from "../../../src/dataset/png.ts";
import { discriminator, groupDeviation } from "../../../src/gan/stylegan2/discriminator.ts";
import { evaluateGraph, graph } from "../../../src/graph/graph.ts";
import { constant, input, tanh } from "../../../src/graph/ops/index.ts";
import { nearestMatrix, resize } from "../../../src/nn/resample.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { agreeing } from "../../../src/project/dataset/clean/agreement.ts";
import { findCritic, lowestShare, openCritic } from "../../../src/project/dataset/clean/critic.ts";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import type { ManifestEntry } from "../../../src/project/dataset/manifest.ts";
import { loadDataset } from "../../../src/project/dataset/settings.ts";
import { verifyJob } from "../../../src/project/dataset/verify.ts";
import { classByOverlap } from "../../../src/project/labels/overlap.ts";
import { undo } from "../../../src/project/labels/recipe.ts";
import { loadRecipe, saveRecipe } from "../../../src/project/labels/recipeFile.ts";
import { saveState } from "../../../src/project/train/state.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { ganRecipe } from "../../../src/train/gan/recipe.ts";
import { initialState } from "../../../src/train/gan/trainingState.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";
import { labelledProject } from "./project.ts";

const options = { provider: "cpu", threads: 1 } as const;
let folder: string;
let network: string;
let project: string;
/** A training run of 16 px whose generator is the tiny one, enlarged. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-clean-"));
  const run = join(folder, "gan");
  await mkdir(run);
  network = join(run, "tiny.onnx");
  await writeFile(
    network,
    tinyGenerator((x) => tanh(resize(x, [16, 16], nearestMatrix))),
  );
  await writeFile(join(run, "settings.json"), JSON.stringify({ klish: "gan-training" }));
  const recipe = ganRecipe(16, { channelBase: 64, channelMax: 8, zDim: 4, wDim: 4 });
  await saveState(run, { training: initialState(recipe), images: 0, sums: {}, recipe });
  project = await labelledProject(folder, network);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const entries = async (dataset: string): Promise<ManifestEntry[]> =>
  (await readFile(join(dataset, "manifest.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ManifestEntry);

describe("openCritic()", () => {
  it("judges pictures alone as the discriminator judges them in a group of that deviation", async () => {
    const critic = await findCritic(network, 16);
    const { groupSize, resolution: R } = critic.sizes;
    const random = new RandomState(1);
    const pictures = Array.from({ length: groupSize }, () =>
      Uint8Array.from({ length: R * R * 3 }, () => random.randint(256)),
    );
    const planes = pictures.flatMap((rgb) =>
      Array.from({ length: 3 * R * R }, (_, i) => rgb[3 * (i % (R * R)) + Math.floor(i / (R * R))] / 127.5 - 1),
    );
    const weights = new Map([...critic.weights].map(([name, { shape, data }]) => [name, constant(shape, data)]));
    const whole = discriminator(weights, { ...critic.sizes, channels: (r) => Math.min(8, 64 / r) });
    const features = whole.features(input("images", [groupSize, 3, R, R]));
    const outputs = { d: groupDeviation(features, groupSize), logits: whole.logits(features) };
    const expected = evaluateGraph(graph(outputs), new Map([["images", planes]]));
    const opened = await openCritic(critic, 1);
    const deviation = await opened.deviation(pictures);
    expect(deviation).toBeCloseTo(expected.get("d")![0], 4);
    const scores = await opened.score(pictures, deviation);
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(expected.get("logits")![i], 3);
    expect(await opened.score(pictures.slice(1, 2), deviation)).toEqual(scores.slice(1, 2));
    await opened.dispose();
  });

  it("needs a discriminator for pictures of that size", async () => {
    await expect(findCritic(network, 32)).rejects.toThrow("sees pictures of 16 pixels, the generator's have 32");
    await expect(findCritic(join(folder, "x.onnx"), 16)).rejects.toThrow("needs the discriminator of the generator");
  });

  it("lowestShare() is the score below which a share lies", () => {
    expect(lowestShare([5, 1, 4, 2, 3], 0.4)).toBe(3);
    expect(lowestShare([1], 0.9)).toBe(1);
  });
});

describe("klish dataset --drop-implausible", () => {
  it("leaves out the images of the lowest scores, whatever run makes them, and everything else is as without it", async () => {
    const [plain, clean, parts] = ["plain", "clean", "parts"].map((name) => join(folder, name));
    await datasetJob({ projects: [project], outdir: plain, count: 64, ...options });
    const made = await datasetJob({ projects: [project], outdir: clean, count: 64, dropImplausible: 0.25, ...options });
    const all = await entries(clean);
    const { plausibility } = (await loadDataset(clean))!.settings;
    const poor = all.filter((e) => e.plausibility! < plausibility!.threshold);
    expect(poor.length).toBeGreaterThan(0);
    expect(poor.length).toBeLessThan(64);
    expect(made).toMatchObject({ kept: 64 - poor.length, cleaned: { implausible: poor.length, contested: null } });
    for (const [i, before] of (await entries(plain)).entries()) {
      const { plausibility: score, ...now } = all[i];
      if (poor.includes(all[i])) expect(now.rejected![0]).toBe(`implausible ${score} < ${plausibility!.threshold}`);
      else expect(now).toEqual(before);
    }
    expect(await verifyJob({ dataset: clean, ...options })).toMatchObject({ faults: [] });
    // The run trains on meanwhile; the data set keeps its critic.
    await datasetJob({ projects: [project], outdir: parts, count: 32, dropImplausible: 0.25, ...options });
    const state = join(folder, "gan", "state.safetensors");
    await rename(state, `${state}.away`);
    await datasetJob({ projects: [project], outdir: parts, count: 64, dropImplausible: 0.25, ...options });
    expect(await entries(parts)).toEqual(all);
    const other = datasetJob({ projects: [project], outdir: parts, count: 64, dropImplausible: 0.1, ...options });
    await expect(other).rejects.toThrow("has none");
    await rename(`${state}.away`, state);
    await expect(datasetJob({ projects: [project], outdir: plain, dropImplausible: 0.25, ...options })).rejects.toThrow(
      "plausibility changed",
    );
  });
});

describe("classByOverlap() and agreeing()", () => {
  it("match a cluster to the class of most of its pixels, if that is half of them", () => {
    const clusters = [0, 0, 0, 1, 1, 1, 2];
    const classes = [4, 4, 1, 0, 1, 2, 3];
    expect(classByOverlap(clusters, 4, classes, 5, 0.5)).toEqual([4, -1, 3, -1]);
  });

  it("ask of every pixel that is labelled whether all say the same", () => {
    const own = { clusters: [0, 1, 2, 0], classOf: [0, 1, -2] };
    const others = [{ clusters: [5, 6, 5, 6], classes: [0, 0, 0, 0, 0, 0, 1] }];
    expect([0, 1, 2, 3].map(agreeing(own, others))).toEqual([true, true, true, false]);
  });
});

describe("klish dataset --agree-with", () => {
  it("ignores the pixels of which another clustering says another class, and no others", async () => {
    // Without left and right, which depend on what areas touch.
    const opened = await openProject(project);
    await saveRecipe(opened, undo((await loadRecipe(opened, (await loadTree(opened))!))!));
    const other = await labelledProject(await mkdtemp(join(folder, "other-")), network, 5);
    const [plain, clean] = ["alone", "agreed"].map((name) => join(folder, name));
    await datasetJob({ projects: [project], outdir: plain, count: 8, ...options });
    const made = await datasetJob({ projects: [project], agree: [other], outdir: clean, count: 8, ...options });
    let [changed, pixels] = [0, 0];
    for (const { name } of await entries(plain)) {
      const [before, after] = await Promise.all(
        [plain, clean].map(async (set) => decodePng(await readFile(join(set, "masks", `${name}.png`))).data),
      );
      for (const [p, label] of after.entries()) {
        pixels++;
        if (label === before[p]) continue;
        expect(label).toBe(255);
        changed++;
      }
    }
    expect(changed).toBeGreaterThan(0);
    expect(made.cleaned.contested).toBeCloseTo(changed / pixels, 3);
    expect(await verifyJob({ dataset: clean, ...options })).toMatchObject({ faults: [] });
    // With itself it agrees everywhere.
    const same = join(folder, "same");
    await datasetJob({ projects: [project], agree: [project], outdir: same, count: 8, ...options });
    for (const { name } of await entries(plain))
      expect(await readFile(join(same, "masks", `${name}.png`))).toEqual(
        await readFile(join(plain, "masks", `${name}.png`)),
      );
  });
});
