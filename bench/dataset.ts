/**
 * What masks cost on top of generating and encoding the images alone: a StyleGAN2 of 256 pixels with random weights, K = 26,
 * and any .onnx generators given: `npx tsx bench/dataset.ts [--rounds n] [--threads n] [generator.onnx ...]`. Both take turns
 * on the same seeds, one after the other in one thread of Node; the fastest turn of each counts, and that of least CPU time.
 */
import { readFileSync } from "node:fs";
import { paletteOf } from "../src/dataset/labelMap.ts";
import { encodePng } from "../src/dataset/png.ts";
import { pixelClassifier } from "../src/features/pixelClassifier.ts";
import type { Generator } from "../src/gan/generator.ts";
import { networkGenerator, samplesPerRun } from "../src/gan/networkGenerator.ts";
import { openOnnxGenerator } from "../src/gan/onnx/onnxGenerator.ts";
import { autoLayers } from "../src/gan/selectLayers.ts";
import { freshLabels } from "../src/project/labels/recipe.ts";
import { labeller } from "../src/project/labels/recipeLabels.ts";
import { toRgb } from "../src/project/sampling/images.ts";
import { encodeImage } from "../src/project/sampling/sampler.ts";
import { ortNode } from "../src/runtime/ortNode.ts";
import { randn } from "../src/tensor/random.ts";
import { randomNetwork } from "./randomNetwork.ts";

const K = 26;
const args = process.argv.slice(2);
const flag = (name: string, otherwise: number): number => {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : Number(args.splice(at, 2)[1]);
};
const rounds = flag("--rounds", 7);
const threads = flag("--threads", 1);
const settings = { runtime: ortNode, provider: "cpu", threads } as const;

async function measure(name: string, generator: Generator): Promise<void> {
  const { info } = generator;
  const { resolution } = info;
  const { layers } = autoLayers(info.layers);
  const channels = layers.reduce((sum, l) => sum + l.channels, 0);
  const classifier = { k: K, channels, weight: randn(1, K * channels), bias: randn(2, K) };
  const pixels = await pixelClassifier(classifier, layers, resolution, settings);
  const labels = labeller(freshLabels(K));
  const palette = paletteOf(labels.classes);
  const encoding = { format: "png", quality: 95, resolution } as const;
  const count = samplesPerRun(resolution);
  const seeds = Array.from({ length: count }, (_, i) => i);
  const names = layers.map((l) => l.name);
  const area = resolution * resolution;
  const images = async (): Promise<void> => {
    const { image } = await generator.generate({ seeds });
    await Promise.all(toRgb(image, info.imageRange).map((rgb) => encodeImage(rgb, resolution, encoding)));
  };
  const both = async (): Promise<void> => {
    const { image, features } = await generator.generate({ seeds, layers: names });
    const encoded = toRgb(image, info.imageRange).map((rgb) => encodeImage(rgb, resolution, encoding));
    const { clusters } = await pixels.classify(features);
    for (let i = 0; i < count; i++) {
      const map = labels.label(clusters.subarray(i * area, (i + 1) * area), resolution, resolution);
      encodePng({ ...map, palette });
    }
    await Promise.all(encoded);
  };
  const wall = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const cpu = [...wall];
  for (let round = 0; round <= rounds; round++)
    for (const [i, run] of [images, both].entries()) {
      const [start, used] = [performance.now(), process.cpuUsage()];
      await run();
      // The first round warms up.
      if (round === 0) continue;
      const { user, system } = process.cpuUsage(used);
      wall[i] = Math.min(wall[i], (performance.now() - start) / count);
      cpu[i] = Math.min(cpu[i], (user + system) / 1000 / count);
    }
  const more = ([alone, withMasks]: readonly number[]): string => `${((withMasks / alone - 1) * 100).toFixed(1)} %`;
  console.log(
    `| ${name} | ${layers.map((l) => `${l.channels}@${l.resolution}`).join(" ")} | ${wall.map((ms) => ms.toFixed(1)).join(" | ")} | ${more(wall)} | ${more(cpu)} |`,
  );
  await pixels.dispose();
  await generator.dispose();
}

console.log(`K = ${K}, ${threads} thread(s), fastest of ${rounds} turns`);
console.log("| generator | layers | images alone, ms each | with masks | more | more CPU time |");
console.log("| --- | --- | --- | --- | --- | --- |");
await measure("StyleGAN2, 256 px, full width, random weights", networkGenerator(randomNetwork(256, 512), settings));
for (const path of args) await measure(path, await openOnnxGenerator({ bytes: readFileSync(path) }, settings));
