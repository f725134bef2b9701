/**
 * A training step of each preset of `klish train segmenter` against PyTorch (Debian's python3-torch; skipped where it is
 * absent): the same network, pictures, optimiser (AdamW, averages of the weights where the preset has them) and threads; and
 * the same network in use, as `klish segment` has it for full batches. Views of pictures are not part of it.
 *
 * npx tsx bench/segmenter.ts [--preset small|auto|paper] [--side 128] [--batch 0 (the preset's)] [--classes 19] [--steps 5]
 *                            [--threads 2] [--rounds 2] [--seed 0]
 */
import { parseArgs } from "node:util";
import { segmenterNetwork } from "../src/models/segmenter.ts";
import { segmenterOnnx } from "../src/project/segment/segmenterModel.ts";
import { type SegmenterPresetName, segmenterPresets } from "../src/project/train/segmenter/presets.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { RandomState } from "../src/tensor/random.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { networkTrainer } from "../src/train/segmenter/networkTrainer.ts";
import { addTargets } from "../src/train/targets.ts";
import { compare, type Measured, timed } from "./againstTorch.ts";

const { values } = parseArgs({
  options: {
    preset: { type: "string", default: "auto" },
    side: { type: "string", default: "128" },
    batch: { type: "string", default: "0" },
    classes: { type: "string", default: "19" },
    steps: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    seed: { type: "string", default: "0" },
    ours: { type: "boolean", default: false },
  },
});
const [side, classes, steps, threads, seed] = [
  values.side,
  values.classes,
  values.steps,
  values.threads,
  values.seed,
].map(Number);
const recipe = segmenterPresets[values.preset as SegmenterPresetName].recipe(side);
const batch = Number(values.batch) || recipe.batch;

if (values.ours) console.log(JSON.stringify(await ours()));
else
  compare({
    ours: "segmenter.ts",
    arguments: Object.entries(values).flatMap(([name, value]) =>
      typeof value === "string" ? [`--${name}`, value] : [],
    ),
    rival: "deeplabTorch.py",
    recipe: {
      ...recipe.architecture,
      ...{ side, batch, classes, steps, threads, seed },
      optimizer: "adamw",
      weightDecay: recipe.weightDecay,
      averageDecay: recipe.averageDecay,
      use: true,
    },
    rounds: Number(values.rounds),
  });
process.exit(0);

/** Steps on random pictures; one label in ten is ignored. */
async function ours(): Promise<Measured> {
  const { architecture, weightDecay, averageDecay, learningRate } = recipe;
  const network = segmenterNetwork(architecture, classes);
  const trainer = await networkTrainer({ network, side, batch, weightDecay, seed, runtime: ortNode, threads });
  const random = new RandomState(seed);
  const pictures = tensor([batch, 3, side, side]);
  for (let i = 0; i < pictures.data.length; i++) pictures.data[i] = 2 * random.randomSample() - 1;
  const labels = Array.from({ length: batch }, () =>
    Uint8Array.from({ length: side * side }, () =>
      random.randomSample() < 0.1 ? 255 : Math.floor(random.randomSample() * classes),
    ),
  );
  const target = tensor([batch, classes, side, side]);
  addTargets(target, 0, labels, new Array<number>(classes).fill(1));
  let loss = Number.NaN;
  let step = 0;
  const { wall, cpu } = await timed(steps, async () => {
    const report = await trainer.step(++step, { pictures, target }, { learningRate, average: averageDecay });
    loss = report.losses.reduce((a, b) => a + b, 0);
  });
  // What the peak is of training alone.
  const megabytes = process.resourceUsage().maxRSS / 1024;
  const names = Array.from({ length: classes }, (_, id) => ({
    name: `part ${id}`,
    color: "#000000",
    background: false,
  }));
  const size = { pictures: batch, width: side, height: side };
  const model = segmenterOnnx(trainer.averages(), { side, classes: names, architecture }, size);
  await trainer.dispose();
  const session = await ortNode.createSession(model, { threads });
  const use = await timed(steps, () => session.run({ pictures }));
  await session.dispose();
  return { wall, cpu, megabytes, loss, use: use.wall };
}
