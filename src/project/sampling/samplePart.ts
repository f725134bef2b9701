import { sampleInto, seedBatches } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { featureOptions, storedBytes } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { type Shard, shareOf } from "../shards/shard.ts";
import { keptBatch } from "./featureCache.ts";
import { checkDisk, keptHalves } from "./featureFile.ts";
import { storedLevels } from "./sampleToFiles.ts";

/**
 * Samples the inner maps of one part of a run's images into files in `folder`, the very ones that the whole run would write: it begins and ends between
 * batches. Parts need not be locked, since each batch is a file of its own. Resolves to the number of its images. Rejects with ProjectError for a shard that
 * there is not, and where the disk has no room.
 */
export async function samplePart(
  folder: string,
  settings: ClusterSettings,
  generator: Generator,
  { shard, ...job }: JobOptions & { readonly shard: Shard },
): Promise<number> {
  const { info } = generator;
  const { seeds, resolution, precision } = settings;
  const batches = seedBatches(seeds, info.resolution);
  const mine = shareOf([...batches.keys()], shard);
  const before = (mine[0] ?? 0) * batches[0].length;
  const own = mine.flatMap((batch) => batches[batch]);
  await checkDisk(folder, storedBytes(settings, info, own.length));
  const options = featureOptions(settings, info);
  const levels = storedLevels(settings, info);
  await sampleInto(
    generator,
    own,
    options,
    async (at, batch, sample) => {
      const first = before + at;
      if (precision === "half") await keptHalves(folder, first, batch, levels, options.layers, sample);
      else await keptBatch(folder, first, batch, options.layers, resolution, sample);
    },
    job,
  );
  return own.length;
}
