/** The pixels of a run in shards, and whoever holds these. */
import type { Generator, GeneratorInfo } from "../../../gan/generator.ts";
import type { Pixels } from "../../../pixels/pixels.ts";
import type { ShardSize } from "../../../pixels/shards/checkAnswer.ts";
import { withKeptRows } from "../../../pixels/shards/keptRows.ts";
import { ShardCrew, type ShardWorker } from "../../../pixels/shards/shardCrew.ts";
import { type AskShards, shardedPixels } from "../../../pixels/shards/shardedPixels.ts";
import { ShardHolder } from "../../../pixels/shards/shardPasses.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { OpenedNetwork } from "../../network/network.ts";
import { processWorker } from "./processes.ts";
import { type QueuedWorkers, queuedWorkers } from "./queued.ts";
import { recipeOf, type ShardedSettings, shardLayout, shardMaker } from "./recipe.ts";
import { mapNumbers, shardMaps } from "./shardMaps.ts";

/** Who holds the shards: processes of this machine, workers of a queue, or this process. */
export type ShardWorkers =
  | { readonly processes: number }
  | { readonly queue: string; readonly root: string }
  | "this process";

/** Bytes that the coordinator keeps of rows, or of the maps that they are made from: all rows of 262,144 pixels, which are clustered by default, up to 1024 channels. */
export const KEPT_ROWS_BYTES = 2 ** 30;

/** Who computes. */
export interface ShardsOptions extends JobOptions {
  /** Threads of this process, for its own products. */
  readonly threads: number;
  readonly workers: ShardWorkers;
}

export interface OpenedShards {
  readonly features: Pixels;
  close(): Promise<void>;
}

/** The features of a run, in shards. Nothing is computed before the first pass. Rejects with ProjectError where a queue cannot be used. */
export async function openShards(
  settings: ShardedSettings,
  network: OpenedNetwork,
  { threads, workers, ...job }: ShardsOptions,
): Promise<OpenedShards> {
  const { generator, provider } = network;
  const recipe = recipeOf(settings, provider);
  let started = 0;
  const start = (): ShardWorker => processWorker(`worker ${++started}`, recipe, network);
  const made = new Set<number>();
  let gone = 0;
  let queued: QueuedWorkers | undefined;
  const crew = new ShardCrew(shardSizes(settings, generator.info), {
    lost(worker, reason) {
      if (queued !== undefined) {
        queued.lost(worker, reason);
        return;
      }
      gone++;
      job.onProgress?.({ phase: "replace a worker", done: gone, total: gone, note: `${worker.name}: ${reason}` });
      crew.join(start());
    },
    // How many images are sampled, while they are for the first time.
    answered({ name }, shard) {
      if (made.has(shard)) return;
      made.add(shard);
      const total = settings.seeds.length;
      const done = Math.floor((made.size * total) / settings.shards);
      job.onProgress?.({ phase: "sample the generator", done, total, note: name });
    },
  });
  if (workers === "this process") crew.join(hereWorker(settings, generator));
  else if ("processes" in workers) for (let i = 0; i < workers.processes; i++) crew.join(start());
  else queued = await queuedWorkers(crew, { recipe, network, seats: settings.shards }, { ...workers, ...job });
  const stop = (): void => crew.close(job.signal?.reason);
  job.signal?.addEventListener("abort", stop);
  return {
    features: coordinated(settings, generator.info, (calls) => crew.ask(calls), { threads, kept: KEPT_ROWS_BYTES }),
    async close() {
      job.signal?.removeEventListener("abort", stop);
      crew.close();
      await queued?.close();
    },
  };
}

/** What is known of each shard. */
export function shardSizes(settings: ShardedSettings, info: GeneratorInfo): ShardSize[] {
  const { pixels, channels } = shardLayout(settings, info);
  const maps = mapNumbers(settings, info);
  return pixels.map((count, shard) => ({ pixels: count, channels, maps: maps[shard] }));
}

/** The pixels of shards that others are asked about, as clustering sees them; `kept` bytes of their rows, or of what these are made from, are kept. */
export function coordinated(
  settings: ShardedSettings,
  info: GeneratorInfo,
  ask: AskShards,
  { threads, kept }: { readonly threads: number; readonly kept: number },
): Pixels {
  const blas = ortBlas({ threads });
  return withKeptRows(
    shardedPixels(shardLayout(settings, info), ask, blas),
    kept,
    shardMaps(settings, info, ask, blas),
  );
}

/** This process as the only worker, by the same sums. */
function hereWorker(settings: ShardedSettings, generator: Generator): ShardWorker {
  const holder = new ShardHolder(shardMaker(settings, generator, ortBlas({ threads: 1 })));
  return { name: "this process", answer: (calls, keep) => holder.answer(calls, keep), dismiss: () => undefined };
}
