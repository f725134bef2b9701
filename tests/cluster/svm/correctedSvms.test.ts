import { describe, expect, it } from "vitest";
import { correctedSvms } from "../../../src/cluster/svm/correctedSvms.ts";
import { linearSvm } from "../../../src/cluster/svm/linearSvm.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { tensor } from "../../../src/tensor/tensor.ts";

const points = (list: readonly number[][]) => tensor([list.length, 2], Float32Array.from(list.flat()));

describe("correctedSvms()", () => {
  // Two clusters along x, split at 4.5, and a third far above.
  const line = Array.from({ length: 400 }, (_, i) => [i % 10, 0]);
  const above = Array.from({ length: 400 }, (_, i) => [i % 10, 50]);
  const labels = [...line.map(([x]) => Number(x > 4.5)), ...above.map(() => 2)];
  const features = denseFeatures(points([...line, ...above]));

  it("moves the border to where a person says, for pixels nobody painted too, and leaves other classes alone", async () => {
    const base = await linearSvm(features, { labels, nClasses: 3 });
    const row = denseFeatures(points([5, 6, 7, 8, 9].map((x) => [x, 0])));
    expect([...(await predict(row, base))]).toEqual([1, 1, 1, 1, 1]);
    const corrections = { rows: points([[7, 0]]), clusters: [0] };
    const found = await correctedSvms(features, labels, base, corrections);
    expect([...(await predict(row, found))]).toEqual([0, 0, 0, 1, 1]);
    expect(found.weight.slice(4)).toEqual(base.weight.slice(4));
    expect(await correctedSvms(features, labels, base, corrections)).toEqual(found);
  });

  it("changes nothing where the classifiers already say what the person says", async () => {
    const base = await linearSvm(features, { labels, nClasses: 3 });
    const right = { rows: points([[2, 0]]), clusters: [0] };
    expect(await correctedSvms(features, labels, base, right)).toBe(base);
    expect(await correctedSvms(features, labels, base, { rows: tensor([0, 2]), clusters: [] })).toBe(base);
  });

  it("refuses a cluster that is not there", async () => {
    const base = await linearSvm(features, { labels, nClasses: 3 });
    const wrong = { rows: points([[2, 0]]), clusters: [3] };
    await expect(correctedSvms(features, labels, base, wrong)).rejects.toThrow("label 3 of pixel 0");
  });
});
