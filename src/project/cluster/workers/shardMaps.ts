/** The maps of all shards, brought together: what all rows are made from, in a fraction of their memory. */
import type { GeneratorInfo } from "../../../gan/generator.ts";
import type { Blas } from "../../../numeric/blas.ts";
import { pyramidFeatures } from "../../../pixels/pyramid/pyramid.ts";
import { numbersOf } from "../../../pixels/pyramid/storedPyramid.ts";
import type { WholeMaps } from "../../../pixels/shards/keptRows.ts";
import type { AskShards } from "../../../pixels/shards/shardedPixels.ts";
import type { ShardCall } from "../../../pixels/shards/shardPasses.ts";
import { storedLevels } from "../../sampling/sampleToFiles.ts";
import { clusteredPixels } from "../request.ts";
import { imagesOf, type ShardedSettings } from "./recipe.ts";

/** Maps of a message, in numbers. */
const FETCHED = 1 << 24;

/** How many numbers the maps of each shard have; none where pixels are chosen: their rows are all that there is. */
export function mapNumbers(settings: ShardedSettings, info: GeneratorInfo): number[] {
  const chosen = clusteredPixels(settings) !== undefined;
  const each = chosen ? 0 : storedLevels(settings, info).reduce((sum, level) => sum + numbersOf(level), 0);
  return Array.from({ length: settings.shards }, (_, shard) => {
    const { first, end } = imagesOf(settings, shard);
    return (end - first) * each;
  });
}

/** Fetches the maps of all shards, and computes on them; undefined where pixels are chosen. */
export function shardMaps(
  settings: ShardedSettings,
  info: GeneratorInfo,
  ask: AskShards,
  blas: Blas,
): WholeMaps | undefined {
  const counts = mapNumbers(settings, info);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const { resolution, seeds } = settings;
  return {
    bytes: total * Float32Array.BYTES_PER_ELEMENT,
    async fetch() {
      const levels = storedLevels(settings, info).map((level) => ({
        ...level,
        data: new Float32Array(seeds.length * numbersOf(level)),
      }));
      for (let shard = 0; shard < counts.length; ) {
        const calls: ShardCall[] = [];
        let numbers = 0;
        do {
          numbers += counts[shard];
          calls.push({ shard: shard++, request: { pass: "maps" } });
        } while (shard < counts.length && numbers + counts[shard] <= FETCHED);
        const found = (await ask(calls)) as readonly Float32Array[];
        for (const [i, call] of calls.entries()) {
          const { first, end } = imagesOf(settings, call.shard);
          let at = 0;
          for (const level of levels) {
            const each = numbersOf(level);
            level.data.set(found[i].subarray(at, at + (end - first) * each), first * each);
            at += (end - first) * each;
          }
        }
      }
      return pyramidFeatures({ images: seeds.length, resolution, levels }, blas);
    },
  };
}
