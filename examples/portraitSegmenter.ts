/**
 * Trains the segmenter that tells the true classes of generated portraits, on portraits drawn while it learns.
 * The same command again continues an interrupted run.
 * `npx tsx examples/portraitSegmenter.ts --out models/portrait-segmenter.safetensors --steps 3000`
 */
import { rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { readSafetensors, writeSafetensors } from "../src/checkpoint/safetensors.ts";
import { segmenterNetwork } from "../src/models/segmenter.ts";
import { smallChannels } from "../src/models/unet.ts";
import { cosineDecay, warmUp } from "../src/nn/schedules.ts";
import { portraitClasses } from "../src/portraits/classes.ts";
import { PORTRAIT_VERSION } from "../src/portraits/render.ts";
import { SEGMENTER_METADATA } from "../src/project/segment/segmenterModel.ts";
import { readIfThere, writeAtomic } from "../src/project/storage/files.ts";
import { workerRuntime } from "../src/runtime/node/workerRuntime.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import type { Example } from "../src/train/examples.ts";
import { networkTrainer } from "../src/train/segmenter/networkTrainer.ts";
import { likeliest, type SegmenterScores, scoreCounter } from "../src/train/segmenter/scores.ts";
import {
  classWeights,
  HELD_OUT_PORTRAITS,
  picturesTensor,
  portraitExample,
  portraitExamples,
  roughen,
  roughness,
  targetTensor,
} from "./portraitExamples.ts";

const { values } = parseArgs({
  options: {
    out: { type: "string", default: "portrait-segmenter.safetensors" },
    steps: { type: "string", default: "3000" },
    batch: { type: "string", default: "12" },
    side: { type: "string", default: "64" },
    rate: { type: "string", default: "0.002" },
    seed: { type: "string", default: "0" },
    threads: { type: "string", default: "0" },
    tests: { type: "string", default: "500" },
  },
});
const [steps, batch, side, seed] = [values.steps, values.batch, values.side, values.seed].map(Number);
/** 0: as many as ONNX Runtime sees fit. */
const threads = Number(values.threads);
const where = { runtime: workerRuntime(), ...(threads > 0 && { threads }) };
const network = segmenterNetwork({ network: "unet", channels: smallChannels }, portraitClasses.length);
const WEIGHT_DECAY = 1e-3;
/** The run's state between sessions, with the settings that it belongs to. */
const statePath = `${values.out}.state`;
const settings = JSON.stringify({ side, batch, seed, steps, rate: values.rate, portraits: PORTRAIT_VERSION });
const saved = await loadState();
const trainer = await networkTrainer({
  network,
  side,
  batch,
  seed,
  weightDecay: WEIGHT_DECAY,
  ...where,
  ...(saved && { tensors: saved.tensors }),
});
const weights = classWeights(portraitExamples(side, 200, 0, seed));
const rate = warmUp(0.02 * steps, cosineDecay(steps));

/** The next step's pictures are drawn while the runtime's thread computes this one's. */
const draw = (step: number) => {
  const examples = portraitExamples(side, batch, step, seed);
  const [pictures, target] = [picturesTensor(examples, side), targetTensor(examples, side, weights)];
  roughen(pictures, target, roughness(seed, step));
  return { pictures, target };
};

const started = performance.now();
const first = saved?.step ?? 0;
let next = draw(first);
let mean = 0;
for (let step = first; step < steps; step++) {
  const { pictures, target } = next;
  // No average: the newest weights are the result.
  const rates = { learningRate: Number(values.rate) * rate(step), average: 0 };
  const running = trainer.step(step + 1, { pictures, target }, rates);
  if (step + 1 < steps) next = draw(step + 1);
  const loss = (await running).losses.reduce((a, b) => a + b, 0);
  mean = step === first ? loss : mean * 0.98 + loss * 0.02;
  if ((step + 1) % 100 === 0) {
    console.log(`step ${step + 1}: loss ${mean.toFixed(4)}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
    await writeAtomic(statePath, writeSafetensors(trainer.tensors(), { settings, step: String(step + 1) }));
  }
}
const trained = trainer.averages();
const tests = Array.from({ length: Number(values.tests) }, (_, i) => portraitExample(HELD_OUT_PORTRAITS + i, side));
const { accuracy, meanIou, iou } = await scoresOn(tests);
console.log(
  `\n${tests.length} portraits that it has not seen: accuracy ${accuracy.toFixed(4)}, mean IoU ${meanIou.toFixed(4)}`,
);
for (const [id, { name }] of portraitClasses.entries()) console.log(`  ${name.padEnd(10)} ${iou[id].toFixed(3)}`);
const metadata = {
  [SEGMENTER_METADATA]: JSON.stringify({ side, classes: portraitClasses, ...JSON.parse(settings), accuracy, meanIou }),
};
await writeAtomic(values.out, writeSafetensors(trained, metadata));
await rm(statePath, { force: true });
await trainer.dispose();
process.exit();

async function scoresOn(examples: readonly Example[]): Promise<SegmenterScores> {
  const counter = scoreCounter(portraitClasses.length);
  for (let first = 0; first < examples.length; first += batch) {
    const some = examples.slice(first, first + batch);
    const found = likeliest(await trainer.logits(picturesTensor(some, side)));
    for (const [i, { labels }] of some.entries()) counter.add(found[i].labels, labels);
  }
  return counter.scores();
}

async function loadState(): Promise<{ step: number; tensors: Map<string, Tensor> } | undefined> {
  const bytes = await readIfThere(statePath);
  if (bytes === undefined) return undefined;
  const { tensors, metadata } = readSafetensors(bytes);
  if (metadata["settings"] !== settings) throw new Error(`${statePath} is of other settings: ${metadata["settings"]}`);
  return {
    step: Number(metadata["step"]),
    tensors: new Map([...tensors].map(([name, lazy]) => [name, lazy.read() as Tensor])),
  };
}
