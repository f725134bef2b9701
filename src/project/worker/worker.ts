/** `klish worker`: does the pieces of work that commands with --queue put into a queue. */
import { availableParallelism, hostname } from "node:os";
import { z } from "zod";
import { clusterShards } from "../cluster/workers/seatTask.ts";
import { datasetBlocks } from "../dataset/blocks/task.ts";
import { qualityBlocks } from "../evaluation/gan/task.ts";
import { workerOptions } from "../queue/options.ts";
import { openRoot } from "../queue/root.ts";
import { serveTasks } from "../queue/serveTasks.ts";
import type { TaskKind } from "../queue/task.ts";
import { runtimeOptions } from "../requests/runtime.ts";
import { segmentBatches } from "../segment/task.ts";

/** What workers can do. */
const KINDS: readonly TaskKind[] = [
  datasetBlocks as TaskKind,
  segmentBatches as TaskKind,
  clusterShards as TaskKind,
  qualityBlocks as TaskKind,
];

/** What `klish worker` can be asked for. */
export const workerRequest = z.strictObject({ ...workerOptions, threads: runtimeOptions.threads });

/** What a worker did. */
export interface WorkerSummary {
  readonly name: string;
  /** Pieces of work. */
  readonly done: number;
}

/**
 * Works until `signal`, or until it was idle for as long as asked. Its computing is in threads of its own, so that the queue hears of it meanwhile. Rejects
 * with ProjectError that says why it cannot work.
 */
export async function runWorker(
  request: z.output<typeof workerRequest>,
  { tell, signal }: { readonly tell: (line: string) => void; readonly signal?: AbortSignal },
): Promise<WorkerSummary> {
  const { queue: url, idle, silence, migrate } = request;
  const name =
    request.name ??
    `${hostname()
      .replaceAll(/[^\w.-]/g, "-")
      .slice(0, 48)}-${process.pid}`;
  const root = await openRoot(request.root);
  const threads = request.threads ?? availableParallelism();
  const options = { url, name, root, threads, idle, silence, migrate, tell, ...(signal && { signal }) };
  return { name, done: await serveTasks(KINDS, options) };
}
