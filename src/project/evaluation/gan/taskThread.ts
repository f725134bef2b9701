/** A thread of `klish worker`: measures the blocks of images that the queue asks for. */
import { readFile } from "node:fs/promises";
import { workerData } from "node:worker_threads";
import { hashOf } from "../../dataset/sample.ts";
import { type PieceThreadStart, servePieces } from "../../queue/pieceThreads.ts";
import { openRoot } from "../../queue/root.ts";
import { ProjectError } from "../../storage/files.ts";
import { measuredFile } from "./keep.ts";
import { openMeasuring } from "./measuring.ts";
import { loadRecipe, otherMember, recipePath } from "./recipe.ts";
import type { QualityPiece, QualitySetup, WrittenBlock } from "./task.ts";

const { setup, root: folder, threads } = workerData as PieceThreadStart<QualitySetup>;

servePieces(async () => {
  const root = await openRoot(folder);
  const outdir = await root.at(setup.outdir);
  const recipe = await loadRecipe(outdir);
  if (recipe === undefined || hashOf(await readFile(recipePath(outdir))).sha256 !== setup.recipeSha256)
    throw new ProjectError(
      `${recipePath(outdir)} is not that of the run: this machine sees another folder at its --root, or an older state of it.`,
    );
  const { inception } = recipe;
  const measuring = await openMeasuring(
    {
      ...recipe,
      network: "path" in setup.network ? await root.at(setup.network.path) : setup.network.shipped,
      data: await root.at(setup.data),
      inception: inception && { ...inception, file: await root.at(setup.inception ?? ".") },
      provider: setup.provider,
    },
    { threads },
  );
  const changed = otherMember(recipe, measuring.recipe);
  if (changed !== undefined) {
    await measuring.close();
    throw new ProjectError(`this machine has another ${changed} than the run.`);
  }
  return async (block: QualityPiece): Promise<WrittenBlock> => {
    const { kind, first, end } = block;
    if (first >= end || (kind === "real" && end > measuring.pictures.count))
      throw new ProjectError(`there are no ${kind} images ${first} to ${end - 1}.`);
    // Folders may hold links.
    if (kind === "real")
      for (const name of measuring.pictures.files(first, end)) await root.at(`${setup.data}/${name}`);
    return measuredFile(outdir, block, await measuring.measure(block));
  };
});
