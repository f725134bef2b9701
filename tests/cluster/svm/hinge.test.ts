import { describe, expect, it } from "vitest";
import { confidenceMap } from "../../../src/cluster/svm/confidenceMap.ts";
import { svmHessian } from "../../../src/cluster/svm/hessian.ts";
import { hinge, nearMargin, pick, signsOf } from "../../../src/cluster/svm/hinge.ts";

/** Margins 1 - y s: -1, 0.5, 1.5, 0, 2. */
const signs = Int8Array.of(1, 1, -1, -1, 1);
const scores = Float32Array.of(2, 0.5, 0.5, -1, -1);

describe("a worked case", () => {
  it("hinge sums the margins above 0, and pulls by them", () => {
    const pulls = new Float32Array(5);
    expect(hinge(signs, scores, pulls)).toEqual({ loss: 0.25 + 2.25 + 4, pull: 4, signedPull: 1, active: 3 });
    expect([...pulls]).toEqual([0, 0.5, -1.5, 0, 2]);
  });

  it("hinge counts a pixel as often as its weight says", () => {
    const pulls = new Float32Array(5);
    const sums = hinge(signs, scores, pulls, Float32Array.of(9, 2, 1, 9, 3));
    expect(sums).toEqual({ loss: 2 * 0.25 + 2.25 + 3 * 4, pull: 8.5, signedPull: 5.5, active: 3 });
    expect([...pulls]).toEqual([0, 1, -1.5, 0, 6]);
  });

  it("nearMargin finds the active pixels, and those near the margin", () => {
    expect([...nearMargin(signs, scores, 0)]).toEqual([1, 2, 4]);
    expect([...nearMargin(signs, scores, 0.5)]).toEqual([1, 2, 3, 4]);
    expect([...nearMargin(signs, scores, 1.5)]).toEqual([0, 1, 2, 3, 4]);
    expect([...pick(scores, Int32Array.of(4, 1))]).toEqual([-1, 0.5]);
  });

  it("signsOf tells a class, of one label or several, from the rest", () => {
    const labels = Uint16Array.of(3, 1, 2, 1);
    expect([...signsOf(labels, 1)]).toEqual([-1, 1, -1, 1]);
    expect([...signsOf(labels, [1, 3])]).toEqual([1, 1, -1, 1]);
    expect([...signsOf(labels, [1, 3], Int32Array.of(2, 0))]).toEqual([-1, 1]);
  });

  it("confidenceMap clamps scores above -1, and drops the others", () => {
    const map = confidenceMap({ index: Int32Array.of(2, 5, 6, 9), value: Float32Array.of(-1, 0, 3, -0.5) });
    expect([...map.index]).toEqual([5, 6, 9]);
    expect([...map.value]).toEqual([0.5, 1, 0.25]);
  });

  it("svmHessian is I + 2c sum x~ x~^T, of rows that stand for all active ones; without any, the bias alone is held", () => {
    // Two rows (1, 2) and (0, 1) stand for four: each counts twice.
    const squares = Float64Array.of(1, 2, 2, 5);
    const found = svmHessian({ squares, sums: Float64Array.of(1, 3) }, 2, 4, 0.5);
    expect([...found]).toEqual([1 + 2, 4, 2, 4, 1 + 10, 6, 2, 6, 4]);
    const none = svmHessian({ squares: new Float64Array(4), sums: new Float64Array(2) }, 0, 0, 0.5);
    expect([...none]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });
});
