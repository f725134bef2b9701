/** Blocks of images as tasks of a queue: what a worker is told, and what it gets ready. */
import { z } from "zod";
import { providers } from "../../../runtime/session.ts";
import { isShipped } from "../../network/shipped.ts";
import { openPieceThreads, type PieceThreadStart } from "../../queue/pieceThreads.ts";
import { rootPath } from "../../queue/root.ts";
import type { TaskKind } from "../../queue/task.ts";
import { imageKinds } from "./blocks.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What all blocks of a run share. Paths are below the root. */
export const qualitySetup = z.strictObject({
  outdir: rootPath,
  /** Of its quality.json. */
  recipeSha256: sha256,
  /** The generator: a file, or the name of one that comes with klish. */
  network: z.union([
    z.strictObject({ path: rootPath }),
    z.strictObject({ shipped: z.string().refine((name) => isShipped("generator", name)) }),
  ]),
  /** The pictures: a folder, a .zip, or a training run. */
  data: rootPath,
  inception: rootPath.nullable(),
  provider: z.enum([...providers, "auto"]),
});
export type QualitySetup = z.infer<typeof qualitySetup>;

export const qualityPiece = z.strictObject({
  kind: z.enum(imageKinds),
  first: z.int().min(0),
  end: z.int().min(1),
});
export type QualityPiece = z.infer<typeof qualityPiece>;

/** The file of a block, which is written. */
export const writtenBlock = z.strictObject({ bytes: z.int().min(0), sha256 });
export type WrittenBlock = z.infer<typeof writtenBlock>;

/** Blocks of images, by a thread that uses all that the worker may. */
export const qualityBlocks: TaskKind<QualitySetup, QualityPiece, WrittenBlock> = {
  name: "gan-quality",
  setup: qualitySetup,
  piece: qualityPiece,
  answer: writtenBlock,
  open: (setup, { root, threads }) =>
    openPieceThreads("./taskThread", import.meta.url, {
      lanes: 1,
      title: "a thread that measures images",
      data: { setup, root: root.folder, threads } satisfies PieceThreadStart<QualitySetup>,
    }),
};
