import { describe, expect, it } from "vitest";
import {
  classWeights,
  picturesTensor,
  portraitExamples,
  roughen,
  targetTensor,
} from "../../../examples/portraitExamples.ts";
import { RandomState } from "../../../src/tensor/random.ts";

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
