import { describe, expect, it } from "vitest";
import { meanStep, stepCosts, type TimedStep } from "../../../../src/project/train/gan/stepCosts.ts";

const step = (seconds: number, kind = ""): TimedStep => ({
  seconds,
  r1: kind.includes("r"),
  pathLength: kind.includes("p"),
});

describe("stepCosts()", () => {
  it("tells the parts of a step apart by medians, and leaves out the first, which warms up", () => {
    const steps = [step(9, "rp"), step(1), step(1), step(4), step(3, "p"), step(1), step(1), step(7, "rp")];
    expect(stepCosts(steps)).toEqual({ plain: 1, r1: 4, pathLength: 2 });
  });

  it("falls back to the first step where no other has the regularisers", () => {
    expect(stepCosts([step(9, "rp"), step(1), step(1)])).toEqual({ plain: 1, r1: 4, pathLength: 4 });
    expect(stepCosts([step(9, "r"), step(1)])).toEqual({ plain: 1, r1: 8, pathLength: 0 });
  });

  it("takes all of a step where there is but one kind", () => {
    expect(stepCosts([step(5), step(2), step(2)])).toEqual({ plain: 2, r1: 0, pathLength: 0 });
    expect(stepCosts([step(5, "rp"), step(2, "rp"), step(2, "rp")])).toEqual({ plain: 2, r1: 0, pathLength: 0 });
  });
});

it("meanStep() spreads what is lazy over its interval", () => {
  const costs = { plain: 1, r1: 4, pathLength: 2 };
  expect(meanStep(costs, { r1Interval: 16, pathLengthInterval: 8 })).toBe(1.5);
  expect(meanStep(costs, { r1Interval: 0, pathLengthInterval: 0 })).toBe(1);
});
