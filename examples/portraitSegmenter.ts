/**
 * Trains the segmenter that tells the true classes of generated portraits, on portraits drawn while it learns.
 * `npx tsx examples/portraitSegmenter.ts --out models/portrait-segmenter.safetensors --steps 3000`
 */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { writeSafetensors } from "../src/checkpoint/safetensors.ts";
import { portraitClasses } from "../src/dataset/portraits/classes.ts";
import { PORTRAIT_VERSION } from "../src/dataset/portraits/render.ts";
import { smallChannels } from "../src/models/segmenter.ts";
import { workerRuntime } from "../src/runtime/node/workerRuntime.ts";
import {
  classWeights,
  HELD_OUT_PORTRAITS,
  picturesTensor,
  portraitExample,
  portraitExamples,
  roughen,
  roughness,
  targetTensor,
} from "../src/train/segmenter/examples.ts";
import { segmenterScores } from "../src/train/segmenter/segmenterScores.ts";
import { segmenterTrainer } from "../src/train/segmenter/segmenterTrainer.ts";

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
const plan = { imageChannels: 3, classes: portraitClasses.length, channels: smallChannels };
const trainer = await segmenterTrainer({ plan, side, batch, seed, ...where });
const weights = classWeights(portraitExamples(side, 200, 0, seed));
const warmUp = 0.02 * steps;

/** The next step's pictures are drawn while the runtime's thread computes this one's. */
const draw = (step: number) => {
  const examples = portraitExamples(side, batch, step, seed);
  const [pictures, target] = [picturesTensor(examples, side), targetTensor(examples, side, weights)];
  roughen(pictures, target, roughness(seed, step));
  return { pictures, target };
};

const started = performance.now();
let next = draw(0);
let mean = 0;
for (let step = 0; step < steps; step++) {
  const { pictures, target } = next;
  const cosine = 0.5 + 0.5 * Math.cos((Math.PI * step) / steps);
  const running = trainer.step(pictures, target, Number(values.rate) * Math.min(1, (step + 1) / warmUp) * cosine);
  if (step + 1 < steps) next = draw(step + 1);
  const loss = await running;
  mean = step === 0 ? loss : mean * 0.98 + loss * 0.02;
  if ((step + 1) % 100 === 0)
    console.log(`step ${step + 1}: loss ${mean.toFixed(4)}, ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
const trained = trainer.weights();
const tests = Array.from({ length: Number(values.tests) }, (_, i) => portraitExample(HELD_OUT_PORTRAITS + i, side));
const { accuracy, meanIou, iou } = await segmenterScores(trained, tests, side, where);
console.log(
  `\n${tests.length} portraits that it has not seen: accuracy ${accuracy.toFixed(4)}, mean IoU ${meanIou.toFixed(4)}`,
);
for (const [id, { name }] of portraitClasses.entries()) console.log(`  ${name.padEnd(10)} ${iou[id].toFixed(3)}`);
const metadata = {
  "klish.segmenter": JSON.stringify({
    side,
    classes: portraitClasses,
    portraits: PORTRAIT_VERSION,
    steps,
    batch,
    seed,
    accuracy,
    meanIou,
  }),
};
await mkdir(dirname(values.out), { recursive: true });
await writeFile(values.out, writeSafetensors(trained, metadata));
await trainer.dispose();
process.exit();
