import { describe, expect, it } from "vitest";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { likeliest, scoreCounter } from "../../../src/train/segmenter/scores.ts";
import { rampUp } from "../../../src/train/segmenter/segmenterTrainer.ts";
import {
  classThresholds,
  drawRectangle,
  nextConfidences,
  pasted,
  sureLabels,
} from "../../../src/train/segmenter/selfTraining.ts";
import { addTargets, balancedWeights } from "../../../src/train/targets.ts";

describe("learning from pictures without labels", () => {
  const picture = { labels: Uint8Array.of(0, 0, 1, 255), confidence: Float32Array.of(0.9, 0.7, 0.5, 0.1) };

  it("keeps a running confidence of each class; of one that is not there it stays", () => {
    const [a, b, c] = nextConfidences([0.5, 0.5, 0.25], [picture]);
    expect(a).toBeCloseTo(0.99 * 0.5 + 0.01 * 0.8, 7);
    expect(b).toBeCloseTo(0.5, 7);
    expect(c).toBe(0.25);
  });

  it("asks less of classes that it is less sure of", () => {
    expect(classThresholds([0.8, 0.4], 0.9)).toEqual([0.9, 0.45]);
    expect([...sureLabels(picture, [0.9 - 1e-6, 0.45])]).toEqual([0, 255, 1, 255]);
  });

  it("mixes pictures by rectangles of a fifth to half of their area", () => {
    const random = new RandomState(0);
    for (let i = 0; i < 100; i++) {
      const { left, top, width, height } = drawRectangle(random, 40);
      expect(left + width).toBeLessThanOrEqual(40);
      expect(top + height).toBeLessThanOrEqual(40);
      expect((width * height) / 1600).toBeGreaterThan(0.18);
      expect((width * height) / 1600).toBeLessThan(0.52);
    }
    const box = { left: 1, top: 0, width: 1, height: 2 };
    expect([...pasted(Uint8Array.of(1, 2, 3, 4), Uint8Array.of(5, 6, 7, 8), 2, box)]).toEqual([1, 6, 3, 8]);
    const planes = pasted(new Float32Array(8), new Float32Array(8).fill(1), 2, box);
    expect([...planes]).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it("counts more and more in the first part of a run", () => {
    expect(rampUp(0, 0.2)).toBeCloseTo(Math.exp(-5), 12);
    expect(rampUp(0.1, 0.2)).toBeCloseTo(Math.exp(-1.25), 12);
    expect([rampUp(0.2, 0.2), rampUp(0.9, 0.2), rampUp(0, 0)]).toEqual([1, 1, 1]);
  });
});

describe("addTargets()", () => {
  it("makes the loss the mean over the pixels that count, by the weights of their classes", () => {
    const target = tensor([2, 2, 2, 2]);
    // Of 8 places three count, with weights 1, 1, 3: each is worth 8/5 of that.
    addTargets(target, 0, [Uint8Array.of(0, 255, 1, 255), Uint8Array.of(0, 255, 255, 255)], [1, 3]);
    const at = (n: number, c: number, p: number) => target.data[(n * 2 + c) * 4 + p];
    expect(at(0, 0, 0)).toBeCloseTo(8 / 5, 6);
    expect(at(0, 1, 2)).toBeCloseTo((3 * 8) / 5, 6);
    expect(at(1, 0, 0)).toBeCloseTo(8 / 5, 6);
    expect(target.data.reduce((a, b) => a + b)).toBeCloseTo(8, 6);
  });

  it("takes the mean over more pixels where only some are sure, and nothing where none count", () => {
    const target = tensor([2, 1, 2, 2]);
    addTargets(target, 1, [Uint8Array.of(0, 255, 255, 0)], [1], { weight: 0.5, over: 4 });
    expect([...target.data]).toEqual([0, 0, 0, 0, 1, 0, 0, 1]);
    addTargets(target, 0, [new Uint8Array(4).fill(255)], [1]);
    expect([...target.data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });
});

it("balancedWeights() are one over the root of a class's share, 1 in the mean over pixels", () => {
  const weights = balancedWeights([3, 1]);
  expect(weights[1] / weights[0]).toBeCloseTo(Math.sqrt(3));
  expect((3 * weights[0] + weights[1]) / 4).toBeCloseTo(1);
});

it("likeliest() is the softmax's largest class and its probability", () => {
  // Two classes, two pixels: logits (0, ln 3) and (2, 2).
  const [{ labels, confidence }] = likeliest(tensor([1, 2, 1, 2], Float32Array.of(0, 2, Math.log(3), 2)));
  expect([...labels]).toEqual([1, 0]);
  expect([...confidence].map((p) => Number(p.toFixed(6)))).toEqual([0.75, 0.5]);
});

it("scoreCounter() counts pixels over all pictures, without those of no class", () => {
  const counter = scoreCounter(3);
  counter.add([0, 0, 1, 1], [0, 1, 1, 255]);
  counter.add([1], [0]);
  const { accuracy, iou, meanIou } = counter.scores();
  expect(accuracy).toBe(0.5);
  // Class 0: one of two found and two there; class 1: one of two found and two there; class 2 is nowhere.
  expect(iou).toEqual([1 / 3, 1 / 3, Number.NaN]);
  expect(meanIou).toBeCloseTo(1 / 3);
});
