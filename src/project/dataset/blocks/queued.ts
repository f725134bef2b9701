/** Makers of blocks that are workers of a queue. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openRoot } from "../../queue/root.ts";
import type { QueueState } from "../../queue/taskQueue.ts";
import { openRun } from "../../queue/taskQueue.ts";
import { hashOf } from "../sample.ts";
import { DATASET_FILE, type DatasetFile } from "../settings.ts";
import { checkBlock } from "./checkBlock.ts";
import type { BlockMaker } from "./protocol.ts";
import { type BlocksSetup, datasetBlocks } from "./task.ts";

/** Blocks that are in the queue at a time, by twos: enough for any number of workers that one coordinator can follow. */
const IN_FLIGHT = 32;

export interface QueuedBlocks {
  readonly makers: readonly BlockMaker[];
  readonly state: QueueState;
  dispose(): Promise<void>;
}

/** Where the parts of a dataset are on this machine. */
export interface BlockPlaces {
  readonly folder: string;
  readonly projects: readonly string[];
  readonly agree: readonly string[];
  /** A file, or the name of a generator that comes with klish. */
  readonly network: { readonly path: string } | { readonly shipped: string };
}

/** Rejects with ProjectError where the server does not answer, or where something is not in the root, which workers could not reach. */
export async function queuedBlocks(
  { queue, root }: { readonly queue: string; readonly root: string },
  { folder, projects, agree, network }: BlockPlaces,
  file: DatasetFile,
  more: Pick<BlocksSetup, "provider" | "memory">,
  signal: AbortSignal | undefined,
): Promise<QueuedBlocks> {
  const shared = await openRoot(root);
  const all = (paths: readonly string[]): Promise<string[]> => Promise.all(paths.map((path) => shared.of(path)));
  const setup: BlocksSetup = {
    dataset: await shared.of(folder),
    datasetSha256: hashOf(await readFile(join(folder, DATASET_FILE))).sha256,
    projects: await all(projects),
    agree: await all(agree),
    network: "path" in network ? { path: await shared.of(network.path) } : network,
    ...more,
  };
  const run = await openRun(queue, datasetBlocks, setup, { ...(signal && { signal }) });
  const make: BlockMaker = (block) => {
    const at = block.seeds[0] / file.settings.blockSize;
    const { first, end } = block;
    return run.run(`${at}-${first}-${end}`, { at, first, end }, (made) => checkBlock(folder, file, block, made));
  };
  return { makers: Array<BlockMaker>(IN_FLIGHT).fill(make), state: run.state, dispose: () => run.close() };
}
