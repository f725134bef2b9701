import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cosineDecay, polynomialDecay, warmUp } from "../../src/nn/schedules.ts";

describe("schedules", () => {
  it("falls along half a cosine", () => {
    expect([0, 2, 4, 8, 9].map(cosineDecay(8))).toEqual([1, 0.5 + Math.SQRT1_2 / 2, 0.5, 0, 0]);
  });

  it("falls as a power", () => {
    expect([0, 5, 10, 11].map(polynomialDecay(10, 2))).toEqual([1, 0.25, 0, 0]);
    expect(polynomialDecay(10)(5)).toBeCloseTo(0.5358867, 6);
  });

  it("rises first", () => {
    expect([0, 1, 3, 4, 8].map(warmUp(4, () => 1))).toEqual([0.25, 0.5, 1, 1, 1]);
    expect(warmUp(4, cosineDecay(8))(1)).toBe(0.5 * cosineDecay(8)(1));
  });

  it("never rises after the warm-up, nor leaves 0 to 1", () => {
    const lengths = fc.integer({ min: 1, max: 1000 });
    fc.assert(
      fc.property(lengths, fc.nat(1200), (steps, step) => {
        for (const schedule of [cosineDecay(steps), polynomialDecay(steps)]) {
          expect(schedule(step)).toBeGreaterThanOrEqual(schedule(step + 1));
          expect(schedule(step)).toBeLessThanOrEqual(1);
          expect(schedule(step + 1)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it("refuses a run of no length", () => {
    expect(() => cosineDecay(0)).toThrow("cosineDecay: steps must be positive, got 0");
    expect(() => polynomialDecay(Number.NaN)).toThrow(RangeError);
    expect(() => warmUp(-1, cosineDecay(3))).toThrow(RangeError);
  });
});
