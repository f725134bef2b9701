/** The pixels of a run in shards, and whoever holds these. */
import type { Generator } from "../../../gan/generator.ts";
import type { Pixels } from "../../../pixels/pixels.ts";
import { ShardCrew, type ShardWorker } from "../../../pixels/shards/shardCrew.ts";
import { shardedPixels } from "../../../pixels/shards/shardedPixels.ts";
import { ShardHolder } from "../../../pixels/shards/shardPasses.ts";
import { ortBlas } from "../../../runtime/node/ortBlas.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { OpenedNetwork } from "../../network/network.ts";
import { processWorker } from "./processes.ts";
import { recipeOf, type ShardedSettings, shardLayout, shardMaker } from "./recipe.ts";

/** Who computes. */
export interface ShardsOptions extends JobOptions {
  /** Threads of this process, for its own products. */
  readonly threads: number;
  /** Processes that hold the shards; 0: this one does. */
  readonly workers: number;
}

export interface OpenedShards {
  readonly features: Pixels;
  close(): void;
}

/** The features of a run, in shards. Nothing is computed before the first pass. */
export function openShards(
  settings: ShardedSettings,
  network: OpenedNetwork,
  { threads, workers, ...job }: ShardsOptions,
): OpenedShards {
  const { generator, provider } = network;
  const layout = shardLayout(settings, generator.info);
  const recipe = recipeOf(settings, provider);
  let started = 0;
  const start = (): ShardWorker => watched(processWorker(`worker ${++started}`, recipe, network));
  const made = new Set<number>();
  const lost: string[] = [];
  /** Tells how many images are sampled, while they are for the first time. */
  const watched = (worker: ShardWorker): ShardWorker => ({
    ...worker,
    async answer(calls, keep) {
      const answers = await worker.answer(calls, keep);
      for (const { shard } of calls) {
        if (made.has(shard)) continue;
        made.add(shard);
        const done = Math.floor((made.size * settings.seeds.length) / settings.shards);
        job.onProgress?.({ phase: "sample the generator", done, total: settings.seeds.length, note: worker.name });
      }
      return answers;
    },
  });
  const crew = new ShardCrew(
    layout.pixels.map((pixels) => ({ pixels, channels: layout.channels })),
    (worker, reason) => {
      lost.push(worker.name);
      const note = `${worker.name}: ${reason}`;
      job.onProgress?.({ phase: "replace a worker", done: lost.length, total: lost.length, note });
      crew.join(start());
    },
  );
  if (workers === 0) crew.join(watched(hereWorker(settings, generator)));
  for (let i = 0; i < workers; i++) crew.join(start());
  const stop = (): void => crew.close(job.signal?.reason);
  job.signal?.addEventListener("abort", stop);
  return {
    features: shardedPixels(layout, (calls) => crew.ask(calls), ortBlas({ threads })),
    close() {
      job.signal?.removeEventListener("abort", stop);
      crew.close();
    },
  };
}

/** This process as the only worker, by the same sums. */
function hereWorker(settings: ShardedSettings, generator: Generator): ShardWorker {
  const holder = new ShardHolder(shardMaker(settings, generator, ortBlas({ threads: 1 })));
  return { name: "this process", answer: (calls, keep) => holder.answer(calls, keep), dismiss: () => undefined };
}
