/**
 * Changes good ONNX models and safetensors files at random, knowing their structure, and reads them: each must open or be
 * refused with an error of ours, quickly. With --open, so many of the changed ONNX models are also tried as
 * `klish info` does, in a process of their own.
 * `npx tsx bench/fuzzNetworks.ts [--runs 100000] [--seed 1] [--only run] [--open 200]`.
 */
import { tryOnnxApart } from "../src/project/network/onnxTrial.ts";
import { below, pick, randomOf } from "./fuzz/mutate.ts";
import { type FuzzSeed, networkSeeds } from "./fuzz/networks.ts";

const MAX_MILLISECONDS = 2000;
const TRIAL_SECONDS = 20;

const args = process.argv.slice(2);
const option = (flag: string, otherwise: number): number =>
  args.includes(flag) ? Number(args[args.indexOf(flag) + 1]) : otherwise;
const runs = option("--runs", 100_000);
const seed = option("--seed", 1);
const only = option("--only", -1);
const open = option("--open", 0);

const seeds = networkSeeds();
const counts = { accepted: 0, refused: 0 };
let slowest = 0;
let failures = 0;
console.log(`seed ${seed}, ${runs} runs over ${seeds.length} files`);
if (only >= 0) attempt(only);
else for (let run = 0; run < runs; run++) attempt(run);
console.log(
  `${counts.accepted} accepted, ${counts.refused} refused, ${failures} failures; slowest ${slowest.toFixed(0)} ms; ` +
    `peak memory ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
);
if (open > 0) await tryModels(open);
process.exitCode = failures > 0 ? 1 : 0;

function changedFile(run: number, from: readonly FuzzSeed[]): { file: FuzzSeed; bytes: Uint8Array } {
  const random = randomOf(seed * 0x9e3779b1 + run);
  const file = pick(random, from);
  return { file, bytes: file.mutate(random) };
}

function attempt(run: number): void {
  const { file, bytes } = changedFile(run, seeds);
  const start = performance.now();
  try {
    counts[file.read(bytes)]++;
  } catch (error) {
    report(run, file, error instanceof Error ? `${error.stack}` : String(error));
  }
  const milliseconds = performance.now() - start;
  slowest = Math.max(slowest, milliseconds);
  if (milliseconds > MAX_MILLISECONDS) report(run, file, `took ${milliseconds.toFixed(0)} ms`);
}

/** Of the models that can be read at all. */
async function tryModels(count: number): Promise<void> {
  const models = seeds.filter(({ name }) => name.includes("export"));
  const random = randomOf(seed);
  const results = new Map<string, number>();
  for (let tried = 0; tried < count; ) {
    const run = below(random, 2 ** 31);
    const { file, bytes } = changedFile(run, models);
    if (file.read(bytes) === "refused") continue;
    tried++;
    const result = await tryOnnxApart({ bytes }, "normal", { seconds: TRIAL_SECONDS }).then(
      () => "opened",
      (error: Error) => {
        if (!["GeneratorError", "OnnxError", "RuntimeError"].includes(error.name)) report(run, file, `${error.stack}`);
        return error.message.startsWith("the model ") ? error.message.slice(0, 60) : error.name;
      },
    );
    results.set(result, (results.get(result) ?? 0) + 1);
  }
  console.log([...results].map(([result, n]) => `${n} ${result}`).join("; "));
}

function report(run: number, file: FuzzSeed, what: string): void {
  failures++;
  console.log(`run ${run} (${file.name}): ${what}`);
}
