import { describe, expect, it } from "vitest";
import { linearSvm } from "../../../src/cluster/svm/linearSvm.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { ortBlas } from "../../../src/runtime/node/ortBlas.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import { blobs } from "../../pixels/points.ts";
import { svmReference } from "./svmReference.ts";

describe("linearSvm", () => {
  it("equals a slow solver of the same problem, class by class", async () => {
    const { features, truth } = blobs(240, 4, 3, 1, 1.5);
    // Labels that no hyperplane separates.
    const random = new RandomState(2);
    const labels = truth.map((label) => (random.randomSample() < 0.2 ? random.randint(3) : label));
    const svm = await linearSvm(features, { labels, nClasses: 3, tolerance: 1e-7 });
    for (let k = 0; k < 3; k++) {
      const exact = await svmReference(features, (n) => labels[n] === k, 5000);
      expect(svm.objective[k] / exact.objective).toBeCloseTo(1, 5);
      for (let d = 0; d < 4; d++) expect(svm.weight[k * 4 + d]).toBeCloseTo(exact.weight[d], 2);
      expect(svm.bias[k]).toBeCloseTo(exact.bias, 2);
      expect(svm.gap[k]).toBeLessThanOrEqual(1e-7);
    }
  });

  it("certifies a gap that bounds the excess over the minimum, at any C and tolerance", async () => {
    const { features, truth } = blobs(300, 3, 2, 3, 0.7);
    for (const C of [1, 100, 5000])
      for (const tolerance of [1e-1, 1e-3]) {
        const svm = await linearSvm(features, { labels: truth, nClasses: 2, C, tolerance });
        const exact = await svmReference(features, (n) => truth[n] === 0, C);
        expect(svm.gap[0]).toBeLessThanOrEqual(tolerance);
        expect(svm.objective[0]).toBeGreaterThanOrEqual(exact.objective * (1 - 1e-5));
        expect(svm.objective[0] - exact.objective).toBeLessThanOrEqual(
          svm.gap[0] * svm.objective[0] + 1e-4 * exact.objective,
        );
      }
  });

  it("starts from a sample where pixels are many", async () => {
    const { features: plain, truth } = blobs(42000, 60, 4, 5, 0.3);
    const shape = [plain.pixels, plain.channels];
    const data = await plain.rows(Int32Array.from({ length: plain.pixels }, (_, n) => n));
    const features = denseFeatures({ dtype: "float32", shape, data }, { blas: ortBlas({ threads: 1 }) });
    const svm = await linearSvm(features, { labels: truth, nClasses: 4 });
    for (const gap of svm.gap) expect(gap).toBeLessThanOrEqual(1e-3);
    const labels = await predict(features, svm);
    const right = labels.reduce((count, label, n) => count + (label === truth[n] ? 1 : 0), 0);
    expect(right / features.pixels).toBeGreaterThan(0.8);
  });

  it("gives a class without pixels w = 0, b = -1 and objective 0", async () => {
    const { features, truth } = blobs(90, 2, 2, 7);
    const svm = await linearSvm(features, { labels: truth, nClasses: 3 });
    expect(svm.objective[2]).toBeCloseTo(0, 9);
    expect(svm.weight[4]).toBeCloseTo(0, 4);
    expect(svm.bias[2]).toBeLessThanOrEqual(-1 + 1e-4);
  });

  it("rejects labels and settings that do not fit", async () => {
    const features = denseFeatures(tensor([3, 1], Float32Array.of(0, 1, 2)));
    const run = (labels: number[], more = {}) => linearSvm(features, { labels, nClasses: 2, ...more });
    await expect(run([0, 1])).rejects.toThrow(/one label for each of 3 pixels, got 2/);
    await expect(run([0, 1, 2])).rejects.toThrow(/label 2 of pixel 2/);
    await expect(run([0, 0.5, 1])).rejects.toThrow(/label 0.5 of pixel 1/);
    await expect(run([0, 1, 1], { C: 0 })).rejects.toThrow(/C must be positive/);
    await expect(run([0, 1, 1], { tolerance: Number.NaN })).rejects.toThrow(/tolerance/);
  });
});
