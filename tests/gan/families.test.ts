import { describe, expect, it } from "vitest";
import { ganFamilyContract } from "../contracts/ganFamily.ts";
import { hasShared } from "../shared.ts";
import { ganFixtures } from "./fixtures.ts";

describe.skipIf(!hasShared)("official checkpoints (skipped without ../shared/fixtures/checkpoints)", () => {
  for (const folder of ["ada", "tf", "genforce", "rosinality"]) {
    const fixtures = ganFixtures(folder);
    it(`there are fixtures in ${folder}`, () => expect(fixtures.length).toBeGreaterThan(0));
    fixtures.forEach(ganFamilyContract);
  }
});
