/** Blocks that were measured, as files of a folder. */

import { hashOf } from "../../dataset/sample.ts";
import { ProjectError, readPlainFile, writeAtomic } from "../../storage/files.ts";
import { type Block, decodeMeasured, encodeMeasured, type Measured, type MeasuredShape } from "./blocks.ts";
import { blockPath } from "./recipe.ts";
import type { WrittenBlock } from "./task.ts";

/** Writes what was measured of a block. */
export async function measuredFile(folder: string, block: Block, measured: Measured): Promise<WrittenBlock> {
  const bytes = encodeMeasured(measured);
  await writeAtomic(blockPath(folder, block), bytes);
  return hashOf(bytes);
}

/** Reads it again. Throws ProjectError where it is damaged. */
export async function readMeasured(folder: string, block: Block, shape: MeasuredShape): Promise<Measured> {
  const path = blockPath(folder, block);
  try {
    return decodeMeasured(await readPlainFile(path), block, shape);
  } catch (cause) {
    throw new ProjectError(
      `${path} is damaged (${(cause as Error).message}). Delete it: the same command measures these images again.`,
      { cause },
    );
  }
}
