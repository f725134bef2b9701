/**
 * A training step of each preset of `klish train painter` against PyTorch (Debian's python3-torch; skipped where it is absent): the same networks,
 * losses, optimisers and threads, each in a process of its own, in turns.
 *
 *   npx tsx bench/painter.ts [--preset auto|spade] [--width 64 (of spade)] [--side 64] [--batch 8] [--classes 12] [--steps 5]
 *                            [--threads 2] [--rounds 2] [--seed 0]
 *
 * With --paint instead, how long a painter of that preset (random weights) takes to paint a mask, in onnxruntime-node and in headless Chromium
 * (wasm, one thread; needs Debian's package `chromium`); or a trained one with --model <file.safetensors or .onnx>. --provider webgpu or cuda:
 * onnxruntime-node paints on the GPU instead, and Chromium is left out.
 */
import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { painterOnnx, readPainterBytes } from "../src/models/painter/painterFile.ts";
import type { PainterPresetName } from "../src/project/train/painter/presets.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { providers } from "../src/runtime/session.ts";
import { painterTrainer } from "../src/train/painter/painterTrainer.ts";
import { hasChromium, onnxBrowser } from "../tests/onnxInBrowser.ts";
import { compare, type Measured, median, timed } from "./againstTorch.ts";
import { classesOf, examplesOf, paintFeeds, recipeOf, untrained } from "./randomPainter.ts";

const { values } = parseArgs({
  options: {
    preset: { type: "string", default: "auto" },
    width: { type: "string", default: "64" },
    side: { type: "string", default: "64" },
    batch: { type: "string", default: "8" },
    classes: { type: "string", default: "12" },
    steps: { type: "string", default: "5" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "2" },
    seed: { type: "string", default: "0" },
    model: { type: "string" },
    provider: { type: "string", default: "cpu" },
    paint: { type: "boolean", default: false },
    ours: { type: "boolean", default: false },
  },
});
const [width, side, batch, count, steps, threads, seed] = [
  values.width,
  values.side,
  values.batch,
  values.classes,
  values.steps,
  values.threads,
  values.seed,
].map(Number);
const preset = values.preset as PainterPresetName;
const recipe = recipeOf({ preset, side, classes: count, batch, seed, width });

if (values.ours) console.log(JSON.stringify(await ours()));
else if (values.paint) await paintings();
else
  compare({
    ours: "painter.ts",
    arguments: Object.entries(values).flatMap(([name, value]) =>
      typeof value === "string" ? [`--${name}`, value] : [],
    ),
    rival: "painterTorch.py",
    recipe: { ...recipe, steps, threads },
    rounds: Number(values.rounds),
  });
process.exit(0);

/** Steps on random pictures with stripes as parts. */
async function ours(): Promise<Measured> {
  const trainer = await painterTrainer(recipe, { classes: classesOf(count), runtime: ortNode, threads });
  const examples = examplesOf(recipe);
  let loss = Number.NaN;
  const { wall, cpu } = await timed(steps, async () => {
    loss = (await trainer.step(examples)).lossPainter;
  });
  const megabytes = process.resourceUsage().maxRSS / 1024;
  await trainer.dispose();
  return { wall, cpu, megabytes, loss };
}

/** Prints the milliseconds that a mask takes where people paint. */
async function paintings(): Promise<void> {
  const file = values.model === undefined ? untrained(recipe) : readPainterBytes(await readFile(values.model));
  const onnx = painterOnnx(file);
  const { about } = file;
  const feeds = paintFeeds(file);
  console.log(
    `${about.plan.modulation}, ${about.side} px, ${about.classes.length} classes, ${(onnx.length / 1e6).toFixed(1)} MB .onnx`,
  );
  const provider = providers.find((name) => name === values.provider);
  if (provider === undefined) throw new Error(`--provider is one of ${providers.join(", ")}`);
  const session = await ortNode.createSession(onnx, { threads, provider });
  const { wall } = await timed(steps, () => session.run(feeds));
  await session.dispose();
  print(`onnxruntime-node, ${provider === "cpu" ? `${threads} threads` : provider}`, wall);
  if (provider !== "cpu") return;
  if (!hasChromium) return console.log("onnxruntime-web: no chromium here");
  const browser = await onnxBrowser();
  print("onnxruntime-web, wasm, one thread", (await browser.time(onnx, feeds, steps)).slice(1));
  await browser.close();
}

function print(where: string, times: readonly number[]): void {
  console.log(`${where}: least ${Math.min(...times).toFixed(0)} ms, median ${median(times).toFixed(0)} ms`);
}
