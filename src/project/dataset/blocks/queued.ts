/** Makers of blocks that are workers of a queue. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Asked, type Makers, queuedMakers } from "../../queue/makers.ts";
import { openRoot } from "../../queue/root.ts";
import { hashOf } from "../sample.ts";
import { DATASET_FILE, type DatasetFile } from "../settings.ts";
import { checkBlock } from "./checkBlock.ts";
import type { Block, MadeBlock } from "./protocol.ts";
import { type BlockPiece, type BlocksSetup, datasetBlocks } from "./task.ts";

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
): Promise<Makers<Block, MadeBlock>> {
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
  const ask = (block: Block): Asked<BlockPiece, MadeBlock> => {
    const at = block.seeds[0] / file.settings.blockSize;
    const { first, end } = block;
    return {
      id: `${at}-${first}-${end}`,
      piece: { at, first, end },
      check: (made) => checkBlock(folder, file, block, made),
    };
  };
  return queuedMakers(queue, datasetBlocks, setup, ask, signal);
}
