/** Blocks of a dataset as tasks of a queue: what a worker is told, and what it gets ready. */
import { totalmem } from "node:os";
import { z } from "zod";
import { providers } from "../../../runtime/session.ts";
import { isShipped } from "../../network/shipped.ts";
import { openPieceThreads } from "../../queue/pieceThreads.ts";
import { rootPath } from "../../queue/root.ts";
import type { TaskHost, TaskKind } from "../../queue/task.ts";
import { ProjectError } from "../../storage/files.ts";
import type { MadeBlock } from "./protocol.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What all blocks of a dataset share. Paths are below the root. */
export const blocksSetup = z.strictObject({
  dataset: rootPath,
  /** Of its dataset.json: the recipe. */
  datasetSha256: sha256,
  /** Of each label set; the other clusterings that are asked. */
  projects: z.array(rootPath).min(1).max(256),
  agree: z.array(rootPath).max(256),
  /** The generator: a file, or the name of one that comes with klish. */
  network: z.union([
    z.strictObject({ path: rootPath }),
    z.strictObject({ shipped: z.string().refine((name) => isShipped("generator", name)) }),
  ]),
  provider: z.enum([...providers, "auto"]),
  /** What one generator with its maps needs: bytes. */
  memory: z.number().min(1),
});
export type BlocksSetup = z.infer<typeof blocksSetup>;

/** Block `at`: of its seeds, those from `first` to `end` (exclusive). */
export const blockPiece = z.strictObject({ at: z.int().min(0), first: z.int().min(0), end: z.int().min(1) });
export type BlockPiece = z.infer<typeof blockPiece>;

/** The longest line that a sample has, by far. */
const MOST_CHARACTERS = 4e6;

/** What a worker's thread is started with: places on this machine. */
export interface BlockThreadStart extends Pick<BlocksSetup, "datasetSha256" | "provider"> {
  readonly dataset: string;
  readonly projects: readonly string[];
  readonly agree: readonly string[];
  readonly network: string;
  readonly threads: number;
}

/** Blocks of datasets, each by a thread with a generator of its own. */
export const datasetBlocks: TaskKind<BlocksSetup, BlockPiece, MadeBlock> = {
  name: "dataset-block",
  setup: blocksSetup,
  piece: blockPiece,
  answer: z.strictObject({
    lines: z.string().max(MOST_CHARACTERS),
    samples: z.int().min(0),
    bytes: z.int().min(0),
  }),
  async open(setup, host) {
    const { datasetSha256, provider } = setup;
    const lanes = provider === "cpu" || provider === "auto" ? fittingMakers(setup.memory, host.threads) : 1;
    const start: BlockThreadStart = {
      datasetSha256,
      provider,
      ...(await placesOf(setup, host)),
      threads: Math.max(1, Math.floor(host.threads / lanes)),
    };
    return openPieceThreads("./taskThread", import.meta.url, { lanes, title: "a thread of the dataset", data: start });
  },
};

/** Where everything is on this machine. Rejects with ProjectError where something is not in the root. */
async function placesOf(
  { dataset, projects, agree, network }: BlocksSetup,
  { root }: TaskHost,
): Promise<Pick<BlockThreadStart, "dataset" | "projects" | "agree" | "network">> {
  const all = (paths: readonly string[]): Promise<string[]> => Promise.all(paths.map((path) => root.at(path)));
  return {
    dataset: await root.at(dataset),
    projects: await all(projects),
    agree: await all(agree),
    network: "path" in network ? await root.at(network.path) : network.shipped,
  };
}

/** Share of the machine's memory that the workers' inner maps may take. */
const MEMORY_SHARE = 0.4;

/** One maker a core where memory allows it: a thread with its own generator wastes nothing on sharing out small operators. */
export function fittingMakers(memory: number, threads: number): number {
  return Math.max(1, Math.min(threads, Math.floor((totalmem() * MEMORY_SHARE) / memory)));
}

/** A fault of a worker's machine, in words that name both sides. */
export const otherDataset = (folder: string): ProjectError =>
  new ProjectError(
    `${folder} is not the dataset that the run makes (its dataset.json differs): this machine sees another folder at its --root, or an older state of it.`,
  );
