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
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { compare, type Measured, median, timed } from "./againstTorch.ts";

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
else
  compare({
    ours: "deeplab.ts",
    arguments: Object.entries(values).flatMap(([name, value]) =>
      typeof value === "string" ? [`--${name}`, value] : [],
    ),
    rival: "deeplabTorch.py",
    recipe: { side, batch, classes, steps, threads, seed },
    rounds: Number(values.rounds),
  });
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
  let last = Number.NaN;
  const { wall, cpu } = await timed(steps, async () => {
    const reports = await step.run(state, { pictures, target, rate: tensor([1], Float32Array.of(RATE)) });
    last = reports["loss"].data[0];
  });
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
