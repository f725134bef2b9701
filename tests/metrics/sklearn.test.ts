import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  adjustedMutualInfo,
  adjustedRandIndex,
  type Contingency,
  completeness,
  fowlkesMallows,
  homogeneity,
  pooled,
  randIndex,
  vMeasure,
} from "../../src/metrics/agreement.ts";

const metrics = {
  adjustedMutualInfo,
  adjustedRandIndex,
  completeness,
  fowlkesMallows,
  homogeneity,
  randIndex,
  vMeasure,
};
type Case = Record<keyof typeof metrics, number> & { readonly table: number[][] };
const cases: Case[] = JSON.parse(readFileSync(resolve(import.meta.dirname, "sklearnMetrics.json"), "utf8"));

const contingencyOf = (table: number[][]): Contingency =>
  pooled({
    images: 1,
    classes: table.length,
    clusters: table[0].length,
    counts: Float64Array.from(table.flat()),
  });

describe("agreement metrics on random contingency tables", () => {
  it.each(Object.keys(metrics) as (keyof typeof metrics)[])("%s equals scikit-learn's to 1e-10", (name) => {
    expect(cases.length).toBeGreaterThan(30);
    for (const { table, ...expected } of cases)
      expect(Math.abs(metrics[name](contingencyOf(table)) - expected[name]), JSON.stringify(table)).toBeLessThan(1e-10);
  });

  it("of a table equal those of labellings with that table", () => {
    for (const { table } of cases.slice(0, 8)) {
      const truth = table.flatMap((row, i) => row.flatMap((n) => new Array<number>(n).fill(i)));
      const labels = table.flatMap((row) => row.flatMap((n, j) => new Array<number>(n).fill(j)));
      for (const metric of Object.values(metrics))
        expect(metric(contingencyOf(table))).toBeCloseTo(metric(truth, labels), 12);
    }
  });
});
