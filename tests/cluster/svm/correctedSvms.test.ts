import { describe, expect, it } from "vitest";
import { correctedSvms } from "../../../src/cluster/svm/correctedSvms.ts";
import { linearSvm } from "../../../src/cluster/svm/linearSvm.ts";
import { rowSolver } from "../../../src/cluster/svm/rowSolver.ts";
import type { RowsRequest } from "../../../src/cluster/svm/solvers.ts";
import { plainBlas } from "../../../src/numeric/blas.ts";
import { denseFeatures } from "../../../src/pixels/denseFeatures.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { RandomState } from "../../../src/tensor/random.ts";
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

  it("gives the same numbers where other threads solve the classes", async () => {
    // Eight groups, and two dimensions in which they overlap: enough pixels near each margin to be solved by themselves.
    const random = new RandomState(0);
    const groups = Array.from({ length: 4000 }, (_, n) => n % 8);
    const many = denseFeatures(
      points(groups.map((g) => [3 * (g % 4) + random.randn(), 6 * Math.floor(g / 4) + random.randn()])),
    );
    const base = await linearSvm(many, { labels: groups, nClasses: 8 });
    const corrections = {
      rows: points(Array.from({ length: 20 }, (_, i) => [3 + i / 20, 1])),
      clusters: Array(20).fill(0),
    };
    let solved = 0;
    const { solveRows } = rowSolver(plainBlas());
    let last: ReturnType<typeof solveRows> | undefined;
    const solver = {
      solveRows(request: RowsRequest) {
        solved++;
        expect(request.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
        const sent = structuredClone(request);
        // As a thread does it: one request at a time.
        last = Promise.resolve(last).then(() => solveRows(sent));
        return last;
      },
    };
    const alone = await correctedSvms(many, groups, base, corrections);
    expect(await correctedSvms(many, groups, base, corrections, { solvers: [solver] })).toEqual(alone);
    expect(solved).toBeGreaterThan(0);
    expect([...(await predict(denseFeatures(corrections.rows), alone))]).toEqual(corrections.clusters);
  });

  it("lets a cluster go whose every pixel follows a stroke: w = 0 and b = -1 separate it from all others", async () => {
    const base = await linearSvm(features, { labels, nClasses: 3 });
    const all = { rows: points([5, 6, 7, 8, 9].map((x) => [x, 0])), clusters: [0, 0, 0, 0, 0] };
    const { weight, bias } = await correctedSvms(features, labels, base, all);
    expect([...weight.slice(2, 4), bias[1]]).toEqual([0, 0, -1].map((x) => expect.closeTo(x, 5)));
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
