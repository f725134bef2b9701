import { sampledLayers, sampleInto } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import { pyramidBuilder } from "../../pixels/pyramid/featurePyramid.ts";
import type { PyramidData } from "../../pixels/pyramid/pyramidData.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { featureOptions } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { keptBatch } from "./featureCache.ts";

/** The inner maps of a run in memory, from the files in `folder` as far as an earlier run or parts have made them; the rest is made and kept there. */
export async function sampleToMemory(
  folder: string,
  settings: ClusterSettings,
  generator: Generator,
  { shared, ...job }: JobOptions & { /** Where other threads can read it. */ readonly shared: boolean },
): Promise<PyramidData> {
  const { seeds, resolution } = settings;
  const options = featureOptions(settings, generator.info);
  const builder = pyramidBuilder({ images: seeds.length, layers: sampledLayers(options), resolution, shared });
  await sampleInto(
    generator,
    seeds,
    options,
    async (first, batch, sample) =>
      builder.add(first, await keptBatch(folder, first, batch, options.layers, resolution, sample)),
    job,
  );
  return builder.finish();
}
