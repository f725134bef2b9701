import { mkdir } from "node:fs/promises";
import { keptResolution, sampleFeatures, seedBatches } from "../../features/sampleFeatures.ts";
import type { Generator, GeneratorInfo } from "../../gan/generator.ts";
import { numbersOf, type StoredLevel } from "../../pixels/pyramid/storedPyramid.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { generateOptions, layersOf } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { checkDisk, type FeatureFiles, featureFolder, halvesOf, saveHalves } from "./featureFile.ts";

const BYTES_PER_HALF = 2;

/** The layers of a run at the size in which they are kept. */
export function storedLevels(settings: ClusterSettings, info: GeneratorInfo): StoredLevel[] {
  let first = 0;
  return layersOf(settings, info).map((layer) => {
    const level = { size: keptResolution(layer, settings.resolution), channels: layer.channels, first };
    first += layer.channels;
    return level;
  });
}

/** Samples the inner maps of a run into half-precision files in `folder`, as far as an earlier run has not. */
export async function sampleToFiles(
  folder: string,
  settings: ClusterSettings,
  generator: Generator,
  { onProgress, signal }: JobOptions,
): Promise<FeatureFiles> {
  const { seeds, resolution } = settings;
  const { info } = generator;
  const layers = layersOf(settings, info);
  const levels = storedLevels(settings, info);
  const perImage = levels.reduce((sum, level) => sum + numbersOf(level), 0) * BYTES_PER_HALF;
  await checkDisk(folder, perImage * seeds.length);
  await mkdir(featureFolder(folder), { recursive: true });
  const firsts: number[] = [];
  const offsets: number[][] = [];
  const report = (done: number): void =>
    onProgress?.({ phase: "sample the generator", done, total: seeds.length, note: "to disk" });
  let first = 0;
  report(0);
  for (const batch of seedBatches(seeds, info.resolution)) {
    signal?.throwIfAborted();
    let found = halvesOf(folder, first, batch, levels, layers);
    if (found === undefined) {
      const options = { ...generateOptions(settings, info), layers, resolution };
      await saveHalves(folder, first, batch, (await sampleFeatures(generator, batch, options)).layers, layers);
      found = halvesOf(folder, first, batch, levels, layers);
    }
    if (found === undefined) throw new Error(`the features of images from ${first} could not be read back`);
    firsts.push(first);
    offsets.push(found.offsets);
    first += batch.length;
    report(first);
  }
  return { images: seeds.length, resolution, levels, folder, firsts, offsets };
}
