import { describe, expect, it } from "vitest";
import { klishFixture } from "../../../bench/fixtures.ts";
import { klish } from "../../../src/cluster/klish/klish.ts";
import { adjustedMutualInfo } from "../../../src/metrics/agreement.ts";
import { predict } from "../../../src/pixels/predict.ts";
import { ortBlas } from "../../../src/runtime/node/ortBlas.ts";
import { hasShared } from "../../shared.ts";

const MINUTES = 60_000;

async function run(name: string, tolerance: number) {
  const fixture = klishFixture(name);
  const features = fixture.features(ortBlas());
  const initialLabels = fixture.bytes("init_labels.u8");
  const tree = await klish(features, { initialLabels, initialClusters: fixture.k0, tolerance });
  return { fixture, features, tree };
}

describe.skipIf(!hasShared)("klish on large references", () => {
  it("makes the merges of the reference on synth_medium", { timeout: 3 * MINUTES }, async () => {
    const { fixture, tree } = await run("synth_medium", 1e-6);
    const exact = fixture.oracle.exact.steps.map(({ K, q, p }) => [K, q, p]);
    expect(tree.steps.map(({ k, kept, removed }) => [k, kept, removed])).toEqual(exact);
  });

  it.each(["gen_small", "gen_medium"])(
    "labels as the reference does on %s, each SVM within 0.1 %",
    { timeout: 3 * MINUTES },
    async (name) => {
      const { fixture, features, tree } = await run(name, 1e-3);
      for (const [k, f] of fixture.oracle.exact.initialObjectivePerClass.entries())
        expect(tree.steps[0].objective[k] / f).toBeLessThanOrEqual(1.001);
      for (const k of Object.keys(fixture.oracle.results).map(Number)) {
        const labels = await predict(features, tree.classifierAt(k));
        expect(adjustedMutualInfo(fixture.bytes(`exact_labels_K${k}.u8`), labels)).toBeGreaterThanOrEqual(0.995);
      }
    },
  );
});
