import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Descent } from "../../src/numeric/lbfgs.ts";

describe("Descent", () => {
  it("takes a Newton step where the metric is the Hessian, and halves where it overshoots", () => {
    // f = (x - 3)^2, Hessian 2.
    const exact = new Descent(Float64Array.of(1), { inverse: (v) => v.map((x) => x / 2), memory: 3 });
    expect(exact.advance(4, Float64Array.of(-4))).toBe(true);
    expect(exact.expectedGain).toBe(4);
    expect([...exact.trial]).toEqual([3]);
    // A metric that is eight times too flat goes to 17; the parabola through f(1), f(17) and the slope has its minimum at 3.
    const far = new Descent(Float64Array.of(1), { inverse: (v) => v.map((x) => 4 * x), memory: 3 });
    far.advance(4, Float64Array.of(-4));
    expect([...far.trial]).toEqual([17]);
    expect(far.advance(14 ** 2, Float64Array.of(28))).toBe(false);
    expect(far.trial[0]).toBeCloseTo(3, 12);
    expect(far.advance(0, Float64Array.of(0))).toBe(true);
    expect(far.best?.value).toBe(0);
  });

  it("finds the minimum of any convex quadratic, from the identity as a metric, on rounded points too", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.5, max: 20, noNaN: true }), { minLength: 1, maxLength: 6 }), (scales) => {
        const goal = scales.map((_, j) => j - 1.5);
        const descent = new Descent(new Float64Array(scales.length), {
          inverse: (vector) => vector,
          memory: 6,
          round: Math.fround,
        });
        const valueAt = (x: Float64Array) => scales.reduce((sum, a, j) => sum + (a / 2) * (x[j] - goal[j]) ** 2, 0);
        for (let i = 0; i < 60; i++) {
          expect(descent.trial.every((x) => Math.fround(x) === x)).toBe(true);
          descent.advance(
            valueAt(descent.trial),
            descent.trial.map((x, j) => scales[j] * (x - goal[j])),
          );
        }
        expect(descent.best?.value).toBeLessThan(1e-9);
      }),
    );
  });
});
