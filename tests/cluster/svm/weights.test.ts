import { describe, expect, it } from "vitest";
import { svmPlan } from "../../../src/cluster/svm/svmPlan.ts";
import { SvmProblem } from "../../../src/cluster/svm/svmProblem.ts";
import { trainSvms } from "../../../src/cluster/svm/trainSvms.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { RandomState } from "../../../src/tensor/random.ts";

const CHANNELS = 3;
const WEIGHTS = [1, 1, 4];

/** Pixels around two centres that overlap; pixel n counts WEIGHTS[n % 3] times, or stands that often in the matrix. */
function problemOf(pixels: number, repeated: boolean) {
  const random = new RandomState(7);
  const rows: number[][] = [];
  const labels: number[] = [];
  const weights: number[] = [];
  for (let n = 0; n < pixels; n++) {
    const label = n % 2;
    const row = Array.from({ length: CHANNELS }, () => random.randomSample() + 0.6 * label);
    const weight = WEIGHTS[n % WEIGHTS.length];
    for (let i = 0; i < (repeated ? weight : 1); i++) {
      rows.push(row);
      labels.push(label);
      weights.push(weight);
    }
  }
  const data = Float32Array.from(rows.flat());
  const features = denseFeatures({ dtype: "float32", shape: [rows.length, CHANNELS], data });
  const options = repeated ? {} : { weights: Float32Array.from(weights) };
  return { problem: new SvmProblem(features, 50, 1e-7, options), labels: Uint16Array.from(labels) };
}

describe("pixels that count more than once", () => {
  it("give the loss, the pulls and the certificate of as many pixels", async () => {
    const planes = [{ weight: Float32Array.of(1, -0.5, 2), bias: -0.7 }];
    const [weighted, repeated] = await Promise.all(
      [false, true].map(async (as) => {
        const { problem, labels } = problemOf(60, as);
        const [pass] = await problem.pass(labels, [1], planes, { gradient: true });
        const { objective, gap } = problem.certify(planes[0].weight, pass);
        return [pass.loss, pass.pull, pass.signedPull, ...pass.pullGradient!, objective, gap];
      }),
    );
    for (const [i, value] of weighted.entries()) expect(value).toBeCloseTo(repeated[i], 3);
  });

  it("give the hyperplane of as many pixels", async () => {
    const [weighted, repeated] = await Promise.all(
      [false, true].map(async (as) => {
        const { problem, labels } = problemOf(400, as);
        const start = { plane: { weight: new Float64Array(CHANNELS), bias: 0 }, curvature: {} };
        const [{ plane }] = await trainSvms(problem, { labels, classes: [1] }, [start], svmPlan(problem.features));
        return [...plane.weight, plane.bias];
      }),
    );
    expect(weighted.some((value) => Math.abs(value) > 0.5)).toBe(true);
    for (const [i, value] of weighted.entries()) expect(value).toBeCloseTo(repeated[i], 2);
  });
});
