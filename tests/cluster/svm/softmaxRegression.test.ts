import { describe, expect, it } from "vitest";
import { softmaxRegression } from "../../../src/cluster/svm/softmaxRegression.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

describe("softmaxRegression", () => {
  /**
   * Made with scikit-learn 1.4:
   *   LogisticRegression(C=1 / (decay * N), tol=1e-10).fit((x - x.mean(0)) / x.std(0), y), coefficients over x.std(0)
   * for the points below and decay 0.01.
   */
  it("finds scikit-learn's minimum", async () => {
    const expected = {
      objective: 0.41834345566292896,
      weight: [-7.325204, -0.531263, -4.857032, -0.665662, 0.027315, 8.236446, 7.990866, 0.503948, -3.379414],
    };
    const N = 60;
    let state = 1;
    const uniform = Array.from({ length: N * 3 }, () => {
      state = Number((BigInt(state) * 1103515245n + 12345n) % 2147483648n);
      return state / 2147483648;
    });
    const labels = Array.from({ length: N }, (_, i) =>
      Math.floor(3 * (0.5 * uniform[3 * i] + 0.3 * uniform[3 * i + 1] + (0.2 * ((i * 7) % 10)) / 10)),
    );
    const points = tensor(
      [N, 3],
      Float32Array.from(uniform, (u, i) => u * [1, 10, 0.1][i % 3]),
    );
    const found = await softmaxRegression(denseFeatures(points), {
      labels,
      nClasses: 3,
      decay: 0.01,
      tolerance: 1e-6,
    });
    expect(found.objective).toBeCloseTo(expected.objective, 6);
    expect(found.gradient).toBeLessThan(1e-6);
    for (const [i, w] of expected.weight.entries()) expect(found.weight[i]).toBeCloseTo(w, 2);
  });

  it("tells apart what a line can tell apart, whatever the channels' scales", async () => {
    const random = new RandomState(3);
    const N = 2000;
    const labels: number[] = [];
    const points = tensor([N, 4]);
    for (let i = 0; i < N; i++) {
      const angle = 2 * Math.PI * random.randomSample();
      labels.push(Math.floor((5 * angle) / (2 * Math.PI)));
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      // The third channel is nearly the first, the fourth is constant.
      points.data.set([1e4 * x + 1e6, 1e-3 * y, 1e-2 * x + 1e-5 * random.randn(), 7], i * 4);
    }
    const features = denseFeatures(points);
    const classifier = await softmaxRegression(features, { labels, nClasses: 5, decay: 1e-6 });
    const right = (await predict(features, classifier)).filter((label, i) => label === labels[i]).length;
    expect(right / N).toBeGreaterThan(0.98);
  });

  it("learns without the pixels that are ignored as if they were not there", async () => {
    const points = [0, 1, 2, 3, 9, 9].map((x, i) => [x, (i * i) % 5]);
    const all = denseFeatures(tensor([6, 2], Float32Array.from(points.flat())));
    const some = denseFeatures(tensor([4, 2], Float32Array.from(points.slice(0, 4).flat())));
    const options = { nClasses: 2, decay: 0.1, tolerance: 1e-7 };
    const expected = await softmaxRegression(some, { ...options, labels: [0, 1, 0, 1] });
    const labels = [0, 1, 0, 1, 255, 255];
    const found = await softmaxRegression(all, { ...options, labels, ignore: 255 });
    // The penalty is in units of all channels' deviations, so without one the two are the same problem.
    const plain = { ...options, decay: 0, maxIterations: 3 };
    expect(expected.objective).toBeGreaterThan(0);
    expect(found.objective).toBeGreaterThan(0);
    const start = (features: typeof all, given: number[], ignore?: number) =>
      softmaxRegression(features, {
        ...{ ...plain, maxIterations: 0, labels: given },
        ...(ignore === undefined ? {} : { ignore }),
      });
    // Before the first step every class has half: log 2 for each pixel that counts.
    expect((await start(all, labels, 255)).objective).toBeCloseTo(Math.log(2), 9);
    expect((await start(some, [0, 1, 0, 1])).objective).toBeCloseTo(Math.log(2), 9);
    await expect(softmaxRegression(all, { ...options, labels: Array(6).fill(255), ignore: 255 })).rejects.toThrow(
      "no pixel has a class",
    );
    await expect(softmaxRegression(all, { ...options, labels })).rejects.toThrow("label 255 of pixel 4");
  });

  it("refuses labels beyond the classes, and a negative decay", async () => {
    const features = denseFeatures(tensor([2, 1], Float32Array.of(0, 1)));
    await expect(softmaxRegression(features, { labels: [0, 2], nClasses: 2 })).rejects.toThrow("label 2 of pixel 1");
    await expect(softmaxRegression(features, { labels: [0, 1], nClasses: 2, decay: -1 })).rejects.toThrow("decay");
  });
});
