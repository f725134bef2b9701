import { mkdir } from "node:fs/promises";
import { sampledLayers, sampleInto } from "../../features/sampleFeatures.ts";
import type { Generator, GeneratorInfo } from "../../gan/generator.ts";
import type { StoredLevel } from "../../pixels/pyramid/storedPyramid.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { featureOptions, layersOf, storedBytes } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { checkDisk, type FeatureFiles, featureFolder, keptHalves } from "./featureFile.ts";

/** The layers of a run at the size in which they are kept. */
export function storedLevels(settings: ClusterSettings, info: GeneratorInfo): StoredLevel[] {
  let first = 0;
  return sampledLayers({ layers: layersOf(settings, info), resolution: settings.resolution }).map((layer) => {
    const level = { ...layer, first };
    first += layer.channels;
    return level;
  });
}

/** Samples the inner maps of a run into half-precision files in `folder`, as far as an earlier run or parts have not. */
export async function sampleToFiles(
  folder: string,
  settings: ClusterSettings,
  generator: Generator,
  job: JobOptions,
): Promise<FeatureFiles> {
  const { seeds, resolution } = settings;
  const { info } = generator;
  const options = featureOptions(settings, info);
  const levels = storedLevels(settings, info);
  await checkDisk(folder, storedBytes(settings, info, seeds.length));
  await mkdir(featureFolder(folder), { recursive: true });
  const firsts: number[] = [];
  const offsets: number[][] = [];
  await sampleInto(
    generator,
    seeds,
    options,
    async (first, batch, sample) => {
      const kept = await keptHalves(folder, first, batch, levels, options.layers, sample);
      firsts.push(first);
      offsets.push(kept.offsets);
    },
    { ...job, onProgress: (progress) => job.onProgress?.({ ...progress, note: "to disk" }) },
  );
  return { images: seeds.length, resolution, levels, folder, firsts, offsets };
}
