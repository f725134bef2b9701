import { describe, expect, it } from "vitest";
import { portraitExamples } from "../../../examples/portraitExamples.ts";
import {
  type Deeplabv3Plan,
  deeplabv3Logits,
  deeplabv3Parameters,
  deeplabv3Training,
} from "../../../src/models/deeplabv3.ts";
import type { SegmenterNetwork } from "../../../src/models/segmenter.ts";
import { smallChannels } from "../../../src/models/unet.ts";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { type Tensor, tensor } from "../../../src/tensor/tensor.ts";
import { type Example, planesOf, stacked } from "../../../src/train/examples.ts";
import { photoRange } from "../../../src/train/segmenter/augment.ts";
import { type NetworkTrainer, networkTrainer } from "../../../src/train/segmenter/networkTrainer.ts";
import type { SegmenterRecipe } from "../../../src/train/segmenter/recipe.ts";
import { likeliest, scoreCounter } from "../../../src/train/segmenter/scores.ts";
import { type SegmenterTrainer, segmenterTrainer } from "../../../src/train/segmenter/segmenterTrainer.ts";
import { addTargets } from "../../../src/train/targets.ts";
import { TrainingError, type TrainingState } from "../../../src/train/trainer.ts";

const SIDE = 16;
const tiny: SegmenterRecipe = {
  architecture: { network: "unet", channels: [4, 6] },
  classes: portraitClasses.length,
  resolution: SIDE,
  batch: 2,
  learningRate: 2e-3,
  schedule: "cosine",
  weightDecay: 1e-3,
  averageDecay: 0.9,
  augment: photoRange,
  selfTraining: null,
  seed: 0,
};
const jpeg = async (rgb: Uint8Array, _side: number, quality: number) =>
  rgb.map((v) => Math.min(255, v + (quality % 7)));
const open = (recipe: SegmenterRecipe, state?: TrainingState) =>
  segmenterTrainer(recipe, {
    classes: portraitClasses,
    classWeights: portraitClasses.map(() => 1),
    jpeg,
    runtime: ortNode,
    threads: 1,
    ...(state && { state }),
  });

describe("segmenterTrainer()", () => {
  it("learns a few portraits by heart, and its averaged weights with it", async () => {
    const examples = portraitExamples(SIDE, 4, 0, 0);
    const trainer = await open({
      ...tiny,
      architecture: { network: "unet", channels: smallChannels.slice(0, 3) },
      batch: 4,
      learningRate: 5e-3,
      augment: null,
    });
    const scores = async () => {
      const planes = examples.map(({ rgb }) => planesOf(rgb, SIDE));
      const counter = scoreCounter(portraitClasses.length);
      const found = likeliest(await trainer.logits(stacked(planes, SIDE)));
      for (const [i, { labels }] of found.entries()) counter.add(labels, examples[i].labels);
      return counter.scores();
    };
    const before = await scores();
    const losses: number[] = [];
    for (let step = 0; step < 100; step++)
      losses.push((await trainer.step({ examples, photos: [], share: 0.02 + step / 400 })).loss);
    const after = await scores();
    await trainer.dispose();
    expect(losses[99]).toBeLessThan(0.3 * losses[0]);
    expect(after.accuracy).toBeGreaterThan(0.8);
    expect(after.meanIou).toBeGreaterThan(before.meanIou + 0.3);
  });

  it.each([
    ["labels alone", tiny],
    ["pictures without labels", { ...tiny, selfTraining: { batch: 2, threshold: 0.5, weight: 1, ramp: 0.2 } }],
  ])("of %s goes on from a state to the same numbers", async (_, recipe) => {
    const side = recipe.resolution;
    const few = 3;
    const step = (trainer: SegmenterTrainer, n: number) =>
      trainer.step({
        examples: portraitExamples(side, 2, n, 0),
        photos: recipe.selfTraining === null ? [] : portraitExamples(side, 2, 100 + n, 0),
        share: n / 6,
      });
    const whole = await open(recipe);
    for (let n = 0; n < 2 * few; n++) await step(whole, n);
    const half = await open(recipe);
    for (let n = 0; n < few; n++) await step(half, n);
    const state = half.state();
    await step(half, few);
    const resumed = await open(recipe, structuredClone({ ...state, scalars: state.scalars }));
    let last = await step(resumed, few);
    for (let n = few + 1; n < 2 * few; n++) last = await step(resumed, n);
    expect(resumed.state()).toEqual(whole.state());
    expect(last.images).toBe(4 * few);
    if (recipe.selfTraining !== null)
      expect(last).toMatchObject({ sure: expect.any(Number), lossUnlabelled: expect.any(Number) });
    await Promise.all([whole, half, resumed].map((trainer) => trainer.dispose()));
  });

  it("refuses a state of another recipe, other numbers of pictures, and recipes that do not fit", async () => {
    const trainer = await open(tiny);
    const [one] = portraitExamples(SIDE, 1, 0, 0);
    await expect(trainer.step({ examples: [one], photos: [], share: 0 })).rejects.toThrow("expects 2 and 0");
    const other = { ...tiny, architecture: { network: "unet", channels: [4, 8] } } as const;
    await expect(open(other, trainer.state())).rejects.toThrow("belongs to another recipe");
    await expect(open({ ...tiny, resolution: 17 })).rejects.toThrow(
      "resolution is 17, expected a whole number from 16 that 2",
    );
    await expect(open({ ...tiny, classes: 1 })).rejects.toThrow("classes is 1");
    await trainer.dispose();
  });

  it("stops when the loss is no longer finite", async () => {
    const trainer = await open({ ...tiny, learningRate: 1e30, schedule: "step", augment: null });
    const batch = { examples: portraitExamples(SIDE, 2, 0, 0), photos: [] as Example[], share: 0 };
    await trainer.step(batch);
    await expect(
      (async () => {
        for (let i = 0; i < 3; i++) await trainer.step(batch);
      })(),
    ).rejects.toThrow(TrainingError);
    await trainer.dispose();
  });
});

it("networkTrainer() moves running averages with the batches, and goes on from its tensors", async () => {
  const plan: Deeplabv3Plan = {
    backbone: { imageChannels: 3, width: 2, blocks: [1, 1], block: "basic", outputStride: 16 },
    classes: 3,
    channels: 4,
    rates: [2],
    auxiliary: false,
  };
  const network: SegmenterNetwork = {
    parameters: deeplabv3Parameters(plan),
    sideMultiple: 1,
    training: (weights, pictures) => deeplabv3Training(plan, weights, pictures),
    inference: (weights, pictures) => deeplabv3Logits(plan, weights, pictures).logits,
  };
  const open = (tensors?: ReadonlyMap<string, Tensor>) =>
    networkTrainer({
      network,
      side: 32,
      batch: 2,
      weightDecay: 0,
      seed: 0,
      runtime: ortNode,
      threads: 1,
      ...(tensors && { tensors }),
    });
  const step = (trainer: NetworkTrainer, n: number) => {
    const examples = portraitExamples(32, 2, n, 0);
    const target = tensor([2, 3, 32, 32]);
    addTargets(
      target,
      0,
      examples.map(({ labels }) => labels.map((label) => Math.min(label, 2))),
      [1, 1, 1],
    );
    const pictures = stacked(
      examples.map(({ rgb }) => planesOf(rgb, 32)),
      32,
    );
    return trainer.step(n + 1, { pictures, target }, { learningRate: 1e-3, average: 0.5 });
  };
  const whole = await open();
  const start = whole.tensors();
  for (let n = 0; n < 2; n++) await step(whole, n);
  const resumed = await open(whole.tensors());
  for (let n = 2; n < 4; n++) await step(whole, n);
  await step(resumed, 2);
  const last = await step(resumed, 3);
  const [a, b] = [whole.tensors(), resumed.tensors()];
  expect([...b.keys()]).toEqual([...a.keys()]);
  for (const [name, { data }] of a)
    expect(Buffer.compare(Buffer.from(data.buffer), Buffer.from(b.get(name)!.data.buffer)), name).toBe(0);
  const mean = "backbone.bn1.running_mean";
  expect(a.get(`S/${mean}`)!.data).not.toEqual(start.get(`S/${mean}`)!.data);
  // The average keeps half of the past.
  expect(whole.averages().get(mean)!.data).not.toEqual(a.get(`S/${mean}`)!.data);
  expect(last.losses).toHaveLength(2);
  expect(last.gradientNorm).toBeGreaterThan(0);
  await Promise.all([whole, resumed].map((trainer) => trainer.dispose()));
});
