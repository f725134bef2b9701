import { expect, it } from "vitest";
import { pick, randomOf } from "../../bench/fuzz/mutate.ts";
import { networkSeeds } from "../../bench/fuzz/networks.ts";

const RUNS = 400;
const SEED = 20;

it(`changed ONNX models and safetensors files open or are refused, ${RUNS} of them (seed ${SEED}; more: bench/fuzzNetworks.ts)`, () => {
  const seeds = networkSeeds();
  const counts = { accepted: 0, refused: 0 };
  for (let run = 0; run < RUNS; run++) {
    const random = randomOf(SEED * 0x9e3779b1 + run);
    const file = pick(random, seeds);
    counts[file.read(file.mutate(random))]++;
  }
  // The changes are neither all harmless nor all fatal.
  expect(counts.accepted).toBeGreaterThan(RUNS / 10);
  expect(counts.refused).toBeGreaterThan(RUNS / 10);
});
