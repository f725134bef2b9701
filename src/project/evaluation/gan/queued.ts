/** Workers of a queue as makers of blocks of measured images. */
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { hashOf } from "../../dataset/sample.ts";
import { isShipped } from "../../network/shipped.ts";
import { type Asked, type Makers, queuedMakers } from "../../queue/makers.ts";
import { openRoot } from "../../queue/root.ts";
import { ProjectError, readPlainFile } from "../../storage/files.ts";
import { type Block, blockName, decodeMeasured, type MeasuredShape } from "./blocks.ts";
import type { Measuring, MeasuringRequest } from "./measuring.ts";
import type { Pictures } from "./pictures.ts";
import { blockPath, recipePath } from "./recipe.ts";
import { type QualityPiece, type QualitySetup, qualityBlocks, type WrittenBlock } from "./task.ts";

/** Rejects with ProjectError where the server does not answer, or where something is not in the root, which workers could not reach. */
export async function queuedMeasuring(
  { queue, root }: { readonly queue: string; readonly root: string },
  outdir: string,
  { data, inception, provider }: MeasuringRequest,
  { network: { file, path }, pictures, ...measuring }: Measuring,
  signal: AbortSignal | undefined,
): Promise<Makers<Block, WrittenBlock>> {
  const shared = await openRoot(root);
  const setup: QualitySetup = {
    outdir: await shared.of(outdir),
    recipeSha256: hashOf(await readFile(recipePath(outdir))).sha256,
    network: isShipped("generator", path) ? { shipped: path } : { path: await shared.of(file) },
    data: await shared.of(resolve(data)),
    inception: inception && (await shared.of(resolve(inception.file))),
    provider,
  };
  // Folders may hold links to pictures that lie elsewhere.
  if ((await stat(data)).isDirectory())
    for (const name of pictures.files(0, pictures.count)) await shared.of(join(data, name));
  const shape = await measuring.shape();
  const ask = (block: Block): Asked<QualityPiece, WrittenBlock> => ({
    id: blockName(block),
    piece: { kind: block.kind, first: block.first, end: block.end },
    check: (written) => checkMeasured(outdir, block, written, { shape, pictures }),
  });
  return queuedMakers(queue, qualityBlocks, setup, ask, signal);
}

/** Whether what a worker says of a block can be, and lies in the folder as it says. Rejects with ProjectError that says what cannot be. */
export async function checkMeasured(
  outdir: string,
  block: Block,
  written: WrittenBlock,
  { shape, pictures }: { readonly shape: MeasuredShape; readonly pictures: Pictures },
): Promise<void> {
  const name = blockName(block);
  const wrong = (what: string): ProjectError => new ProjectError(`${name}: ${what}`);
  const content = await readPlainFile(blockPath(outdir, block)).catch(() => undefined);
  if (content === undefined) throw wrong("its file is not in the shared folder");
  const found = hashOf(content);
  if (found.bytes !== written.bytes || found.sha256 !== written.sha256) throw wrong("another content than it says");
  let there: ReadonlySet<number>;
  try {
    there = new Set(decodeMeasured(content, block, shape).places);
  } catch (error) {
    throw wrong((error as Error).message);
  }
  for (let place = block.first; place < block.end; place++) {
    if (there.has(place)) continue;
    if (block.kind === "generated") throw wrong(`image ${place} is not there`);
    // Few pictures cannot be read: they can be tried again.
    for await (const { places } of pictures.read(place, place + 1))
      if (places.length > 0) throw wrong(`picture ${place} can be read, and was left out`);
  }
}
