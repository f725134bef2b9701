/**
 * A training step of DeepLabV3 on ResNet-50 against PyTorch (Debian's python3-torch; skipped where it is absent): the same
 * network, pictures, optimiser (gradient descent with momentum) and threads, each in a process of its own, in turns. Least and
 * median milliseconds of the clock and of the processors, peak memory.
 *
 * npx tsx bench/deeplab.ts [--side 128] [--batch 4] [--classes 21] [--steps 5] [--threads 2] [--rounds 2] [--seed 0]
 *                          [--memory planned|kept|returned] [--profile]
 *
 * `--profile` prints ONNX Runtime's time by operator, of ours alone.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { grad } from "../src/graph/grad.ts";
import { input, mul, reshape } from "../src/graph/ops/index.ts";
import { deeplabv3Parameters, deeplabv3Resnet50, deeplabv3Training } from "../src/models/deeplabv3.ts";
import { crossEntropy } from "../src/nn/crossEntropy.ts";
import { momentumDescent } from "../src/nn/optimizers.ts";
import { initialTensors, parameterInputs, trainedNames } from "../src/nn/parameters.ts";
import { operatorCosts } from "../src/project/train/gan/profile.ts";
import { ortRuntime } from "../src/runtime/ortNode.ts";
import type { SessionOptions } from "../src/runtime/session.ts";
import { RandomState } from "../src/tensor/random.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { trainStep, variables } from "../src/train/trainStep.ts";

interface Measured {
  /** Milliseconds of each step but the first. */
  readonly wall: readonly number[];
  readonly cpu: readonly number[];
  readonly megabytes: number;
  readonly loss: number;
}

const { values } = parseArgs({
  options: {
    side: { type: "string", default: "128" },
    batch: { type: "string", default: "4" },
    classes: { type: "string", default: "21" },
    steps: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    seed: { type: "string", default: "0" },
    memory: { type: "string", default: "kept" },
    profile: { type: "boolean", default: false },
    ours: { type: "boolean", default: false },
  },
});
const [side, batch, classes, steps, threads, seed] = [
  values.side,
  values.batch,
  values.classes,
  values.steps,
  values.threads,
  values.seed,
].map(Number);

const [RATE, WEIGHT_DECAY] = [0.01, 1e-4];

if (values.profile) await profile();
else if (values.ours) console.log(JSON.stringify(await ours()));
else compare();
process.exit(0);

/** Steps on random pictures; one label in ten is ignored. */
async function ours(profilePrefix?: string): Promise<Measured> {
  const plan = deeplabv3Resnet50(classes);
  const table = deeplabv3Parameters(plan);
  const weights = parameterInputs(table);
  const { logits, statistics } = deeplabv3Training(plan, weights, input("pictures", [batch, 3, side, side]));
  const loss = crossEntropy(logits, input("target", logits.shape));
  const names = trainedNames(table);
  const rate = input("rate", [1]);
  const scaled = grad(
    loss,
    names.map((name) => weights.get(name)!),
    reshape(rate, loss.shape),
  );
  const [updates, initial] = [new Map(statistics), initialTensors(table, seed)];
  for (const [i, name] of names.entries()) {
    const parameter = weights.get(name)!;
    const velocity = input(`velocity/${name}`, parameter.shape);
    const next = momentumDescent(parameter, scaled[i], velocity, { decay: mul(rate, WEIGHT_DECAY) });
    updates.set(name, next.parameter).set(`velocity/${name}`, next.velocity);
    initial.set(`velocity/${name}`, tensor(parameter.shape));
  }
  const state = variables(initial);
  initial.clear();
  const step = await trainStep({
    updates,
    reports: { loss },
    runtime: ortRuntime(profilePrefix === undefined ? {} : { profilePrefix }),
    threads,
    memory: values.memory as NonNullable<SessionOptions["memory"]>,
  });
  const random = new RandomState(seed);
  const pictures = tensor([batch, 3, side, side]);
  pictures.data.forEach((_, i) => {
    pictures.data[i] = random.randn();
  });
  const places = batch * side * side;
  const labels = Array.from({ length: places }, () =>
    random.randomSample() < 0.1 ? -1 : Math.floor(random.randomSample() * classes),
  );
  // The loss is a mean over all places; this makes it one over those that count.
  const weight = places / labels.filter((label) => label >= 0).length;
  const target = tensor(logits.shape);
  for (const [i, label] of labels.entries()) {
    const [n, pixel] = [Math.floor(i / (side * side)), i % (side * side)];
    if (label >= 0) target.data[(n * classes + label) * side * side + pixel] = weight;
  }
  const [wall, cpu]: number[][] = [[], []];
  let last = Number.NaN;
  for (let i = 0; i < steps; i++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    const reports = await step.run(state, { pictures, target, rate: tensor([1], Float32Array.of(RATE)) });
    const { user, system } = process.cpuUsage(before);
    last = reports["loss"].data[0];
    // The first step allocates.
    if (i === 0) continue;
    wall.push(performance.now() - start);
    cpu.push((user + system) / 1000);
  }
  await step.dispose();
  return { wall, cpu, megabytes: process.resourceUsage().maxRSS / 1024, loss: last };
}

async function profile(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "klish-profile-"));
  try {
    const { wall } = await ours(join(folder, "ort"));
    const operators = operatorCosts(
      readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8")),
      steps,
    );
    console.log(`${median(wall).toFixed(0)} ms a step`);
    for (const { operator, calls, milliseconds } of operators)
      console.log(`${operator.padEnd(24)}${calls.toFixed(0).padStart(8)}${milliseconds.toFixed(1).padStart(10)} ms`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function compare(): void {
  const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const run = (command: string, args: string[]): Measured | undefined => {
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: "utf8", maxBuffer: 1e8 });
    if (status === 0) return JSON.parse(stdout.trim().split("\n").at(-1) as string) as Measured;
    if (/No module named .torch|ENOENT/.test(stderr ?? "ENOENT")) return undefined;
    throw new Error(stderr);
  };
  const same = Object.entries(values).flatMap(([name, value]) =>
    typeof value === "string" ? [`--${name}`, value] : [],
  );
  const recipe = JSON.stringify({ side, batch, classes, steps, threads, seed });
  console.log(recipe);
  const [own, rival]: Measured[][] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    own.push(run(process.execPath, ["--import", "tsx", here("deeplab.ts"), "--ours", ...same]) as Measured);
    const measured = run("/usr/bin/python3", [here("deeplabTorch.py"), recipe]);
    if (measured) rival.push(measured);
  }
  const row = (name: string, of: (m: readonly Measured[]) => number): void => {
    const [a, b] = [of(own), rival.length > 0 ? of(rival) : Number.NaN];
    console.log(
      `${name.padEnd(22)}${a.toFixed(0).padStart(8)}${b.toFixed(0).padStart(10)}${(a / b).toFixed(2).padStart(8)}`,
    );
  };
  console.log(`${"".padEnd(22)}${"ours".padStart(8)}${"PyTorch".padStart(10)}${"ratio".padStart(8)}`);
  row("clock, least ms", (all) => Math.min(...all.flatMap((m) => m.wall)));
  row("clock, median ms", (all) => median(all.flatMap((m) => m.wall)));
  row("processors, least ms", (all) => Math.min(...all.flatMap((m) => m.cpu)));
  row("processors, median ms", (all) => median(all.flatMap((m) => m.cpu)));
  row("peak memory, MB", (all) => Math.max(...all.map((m) => m.megabytes)));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
