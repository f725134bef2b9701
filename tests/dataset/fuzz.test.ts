import { expect, it } from "vitest";
import { fuzzDatasets } from "../../bench/fuzz/datasets.ts";
import { fuzzProjects } from "../../bench/fuzz/projects.ts";

const SEED = 20_261_130;
const RUNS = 300;

it(`changed datasets end in faults or clean errors, and check and export agree (seed ${SEED}, ${RUNS} runs)`, async () => {
  const { runs, clean, failures } = await fuzzDatasets(SEED, 0, RUNS, { timed: false });
  expect(failures).toEqual([]);
  expect(runs).toBe(RUNS);
  // Some changes do no harm: not everything is refused.
  expect(clean).toBeGreaterThan(RUNS / 30);
}, 120_000);

it(`changed projects open or are refused (seed ${SEED}, ${RUNS} runs)`, async () => {
  const { clean, failures } = await fuzzProjects(SEED, 0, RUNS);
  expect(failures).toEqual([]);
  expect(clean).toBeGreaterThan(RUNS / 30);
}, 120_000);
