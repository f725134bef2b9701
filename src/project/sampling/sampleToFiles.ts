import { mkdir } from "node:fs/promises";
import { sampledLayers, sampleInto } from "../../features/sampleFeatures.ts";
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
  return sampledLayers({ layers: layersOf(settings, info), resolution: settings.resolution }).map((layer) => {
    const level = { ...layer, first };
    first += layer.channels;
    return level;
  });
}

/** Samples the inner maps of a run into half-precision files in `folder`, as far as an earlier run has not. */
export async function sampleToFiles(
  folder: string,
  settings: ClusterSettings,
  generator: Generator,
  job: JobOptions,
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
  await sampleInto(
    generator,
    seeds,
    { ...generateOptions(settings, info), layers, resolution },
    async (first, batch, sample) => {
      let found = halvesOf(folder, first, batch, levels, layers);
      if (found === undefined) {
        await saveHalves(folder, first, batch, (await sample()).layers, layers);
        found = halvesOf(folder, first, batch, levels, layers);
      }
      if (found === undefined) throw new Error(`the features of images from ${first} could not be read back`);
      firsts.push(first);
      offsets.push(found.offsets);
    },
    { ...job, onProgress: (progress) => job.onProgress?.({ ...progress, note: "to disk" }) },
  );
  return { images: seeds.length, resolution, levels, folder, firsts, offsets };
}
