import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { pick, randomOf } from "../../bench/fuzz/mutate.ts";
import { networkSeeds } from "../../bench/fuzz/networks.ts";

const RUNS = 400;
const SEED = 20;
const seeds = networkSeeds();

/** Changes a file and reads it. */
function attempt(run: number): { readonly result: "accepted" | "refused"; readonly file: WeakRef<ArrayBufferLike> } {
  const random = randomOf(SEED * 0x9e3779b1 + run);
  const seed = pick(random, seeds);
  const bytes = seed.mutate(random);
  return { result: seed.read(bytes), file: new WeakRef(bytes.buffer) };
}

it(`changed ONNX models and safetensors files open or are refused, and none is kept, ${RUNS} of them (seed ${SEED}; more: bench/fuzzNetworks.ts)`, async () => {
  const attempts = Array.from({ length: RUNS }, (_, run) => attempt(run));
  // The changes are neither all harmless nor all fatal.
  for (const wanted of ["accepted", "refused"])
    expect(attempts.filter(({ result }) => result === wanted).length).toBeGreaterThan(RUNS / 10);

  // A WeakRef holds its target until the task in which it was made has ended.
  await new Promise((done) => setTimeout(done));
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  expect(attempts.filter(({ file }) => file.deref() !== undefined)).toEqual([]);
});
