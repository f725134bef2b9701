import { describe, expect, it } from "vitest";
import { portraitClasses } from "../../../src/portraits/classes.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import {
  classWeights,
  picturesTensor,
  portraitExamples,
  roughen,
  targetTensor,
} from "../../../src/train/segmenter/examples.ts";
import { segmenterScores } from "../../../src/train/segmenter/segmenterScores.ts";
import { type SegmenterTrainer, segmenterTrainer } from "../../../src/train/segmenter/segmenterTrainer.ts";

describe("examples", () => {
  it("are other portraits in every step and run, the same in the same", () => {
    const [a, b] = [portraitExamples(16, 2, 0, 0), portraitExamples(16, 2, 1, 0)];
    expect(portraitExamples(16, 2, 0, 0)).toEqual(a);
    expect(b[0].rgb).not.toEqual(a[0].rgb);
    expect(b[0].rgb).not.toEqual(a[1].rgb);
    expect(portraitExamples(16, 2, 0, 1)[0].rgb).not.toEqual(a[0].rgb);
  });

  it("become pictures in [-1, 1] and weighted one-hot targets, rare classes heavier", () => {
    const example = { rgb: Uint8Array.of(0, 255, 51, 0, 0, 0, 0, 0, 0, 0, 0, 0), labels: Uint8Array.of(0, 0, 0, 1) };
    const { data } = picturesTensor([example], 2);
    expect([data[0], data[4], data[8]].map((x) => x.toFixed(4))).toEqual(["-1.0000", "1.0000", "-0.6000"]);
    // One over sqrt(3/4) and sqrt(1/4), scaled to a mean over pixels of 1.
    const weights = classWeights([example], 2);
    expect(weights[1] / weights[0]).toBeCloseTo(Math.sqrt(3));
    expect((3 * weights[0] + weights[1]) / 4).toBeCloseTo(1);
    expect([...targetTensor([example], 2, [2, 7]).data]).toEqual([2, 2, 2, 0, 0, 0, 0, 7]);
  });

  it("are mirrored with their targets when they are roughened", () => {
    const examples = portraitExamples(16, 8, 0, 0);
    const before = targetTensor(examples, 16, new Float64Array(12).fill(1));
    const [pictures, target] = [picturesTensor(examples, 16), targetTensor(examples, 16, new Float64Array(12).fill(1))];
    roughen(pictures, target, new RandomState(0));
    const whole = (data: Float32Array, n: number): string => data.subarray(n * 12 * 256, (n + 1) * 12 * 256).join();
    const mirrored = examples.filter((_, n) => whole(target.data, n) !== whole(before.data, n));
    expect(mirrored.length).toBeGreaterThan(0);
    expect(mirrored.length).toBeLessThan(8);
    const sum = (data: Float32Array): number => data.reduce((a, b) => a + b, 0);
    expect(sum(target.data)).toBe(sum(before.data));
  });
});

describe("segmenterTrainer", () => {
  it("learns a few portraits by heart", async () => {
    const side = 16;
    const classes = portraitClasses.length;
    const plan = { imageChannels: 3, classes, channels: [8, 12, 16] };
    const examples = portraitExamples(side, 4, 0, 0);
    const pictures = picturesTensor(examples, side);
    const target = targetTensor(examples, side, classWeights(examples));
    const trainer = await segmenterTrainer({ plan, side, batch: 4, seed: 0, runtime: ortNode, threads: 1 });
    const before = await segmenterScores(trainer.weights(), examples, side, { runtime: ortNode });
    const losses: number[] = [];
    for (let step = 0; step < 100; step++) losses.push(await trainer.step(pictures, target, 5e-3));
    const after = await segmenterScores(trainer.weights(), examples, side, { runtime: ortNode });
    await trainer.dispose();
    expect(losses[99]).toBeLessThan(0.5 * losses[0]);
    expect(after.accuracy).toBeGreaterThan(0.8);
    expect(after.meanIou).toBeGreaterThan(before.meanIou + 0.3);
  });

  it("goes on from a state to the same weights", async () => {
    const plan = { imageChannels: 3, classes: portraitClasses.length, channels: [4, 6] };
    const options = { plan, side: 16, batch: 2, seed: 0, runtime: ortNode, threads: 1 };
    const weights = new Float64Array(portraitClasses.length).fill(1);
    const step = async (trainer: SegmenterTrainer, n: number): Promise<number> => {
      const examples = portraitExamples(16, 2, n, 0);
      return trainer.step(picturesTensor(examples, 16), targetTensor(examples, 16, weights), 2e-3);
    };
    const whole = await segmenterTrainer(options);
    for (let n = 0; n < 6; n++) await step(whole, n);
    const half = await segmenterTrainer(options);
    for (let n = 0; n < 3; n++) await step(half, n);
    const state = half.state();
    await step(half, 3);
    const resumed = await segmenterTrainer({ ...options, state });
    for (let n = 3; n < 6; n++) await step(resumed, n);
    expect(resumed.state()).toEqual(whole.state());
    const other = { ...options, plan: { ...plan, channels: [4, 8] }, state };
    await expect(segmenterTrainer(other)).rejects.toThrow("the state's");
    await Promise.all([whole, half, resumed].map((trainer) => trainer.dispose()));
  });
});
