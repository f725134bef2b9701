/** What an earlier run left: how far it came, and which of its files have to be made again. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { makeInOrder } from "../../../runtime/node/pool.ts";
import { ProjectError, readIfThere } from "../../storage/files.ts";
import { type ManifestEntry, manifestLine, manifestLines } from "../manifest.ts";
import { hashOf } from "../sample.ts";
import { type DatasetSettings, imagePath, maskPath, seedRange } from "../settings.ts";
import type { Block, BlockMaker } from "./protocol.ts";

/** Samples whose content is checked when a run continues; of the others the files' sizes. */
const CHECKED_SAMPLES = 64;

export interface AlreadyMade {
  readonly samples: number;
  readonly bytes: number;
  /** Length of the manifest up to the last sample that counts. */
  readonly manifestBytes: number;
  /** Listed samples whose files are missing, of another size, or (among the last) of another content. */
  readonly damaged: readonly ManifestEntry[];
}

/** How far an earlier run came. */
export async function alreadyMade(folder: string, settings: DatasetSettings): Promise<AlreadyMade> {
  const { first, end } = seedRange(settings);
  const damaged: ManifestEntry[] = [];
  let samples = 0;
  let bytes = 0;
  let manifestBytes = 0;
  let last: ManifestEntry[] = [];
  for await (const { entry, end: upTo } of manifestLines(folder, settings)) {
    if (entry.seed !== first + samples || entry.seed >= end) break;
    const files = filesOf(entry, settings);
    const sizes = await Promise.all(files.map(({ path }) => sizeOf(join(folder, path))));
    if (files.some((file, i) => sizes[i] !== file.bytes)) damaged.push(entry);
    else last.push(entry);
    if (last.length > 2 * CHECKED_SAMPLES) last = last.slice(-CHECKED_SAMPLES);
    samples++;
    bytes += files.reduce((sum, f) => sum + f.bytes, 0);
    manifestBytes = upTo;
  }
  for (const entry of last.slice(-CHECKED_SAMPLES)) {
    const contents = await Promise.all(filesOf(entry, settings).map(({ path }) => readIfThere(join(folder, path))));
    const same = filesOf(entry, settings).every(
      ({ sha256 }, i) => contents[i] !== undefined && hashOf(contents[i]).sha256 === sha256,
    );
    if (!same) damaged.push(entry);
  }
  return { samples, bytes, manifestBytes, damaged };
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => -1,
  );

/** A sample's files as the manifest lists them. */
export function filesOf(
  { name, image, labels }: ManifestEntry,
  settings: DatasetSettings,
): { readonly path: string; readonly bytes: number; readonly sha256: string }[] {
  return [
    ...(image === undefined ? [] : [{ path: imagePath(name, settings), ...image }]),
    ...labels.flatMap(({ mask }, set) =>
      mask === undefined ? [] : [{ path: maskPath(name, settings, set), ...mask }],
    ),
  ];
}

/** Makes listed samples again. Throws ProjectError where one comes out otherwise than the manifest says. */
export async function repair(
  damaged: readonly ManifestEntry[],
  { blockSize }: DatasetSettings,
  makers: readonly BlockMaker[],
  stop: () => boolean,
): Promise<void> {
  const lines = damaged.map(manifestLine);
  let checked = 0;
  await makeInOrder(
    blocksOf(damaged, blockSize),
    makers,
    async (made) => {
      const { name } = damaged[checked];
      if (made.lines !== lines[checked++])
        throw new ProjectError(
          `${name} cannot be made again as the manifest lists it: it was made on another kind of machine or by another version. ` +
            `Restore its files, or make the dataset again in another folder.`,
        );
    },
    stop,
  );
}

function* blocksOf(entries: readonly ManifestEntry[], size: number): Generator<Block, undefined> {
  for (const [index, { seed }] of entries.entries())
    yield blockAt(index, Math.floor(seed / size), size, seed, seed + 1);
  return undefined;
}

/** Blocks from the one that holds seed `first` on; see `blockSize` of the settings. */
export function* blocks(first: number, end: number, size: number): Generator<Block, undefined> {
  for (let at = Math.floor(first / size); at * size < end; at++) yield blockAt(at, at, size, first, end);
  return undefined;
}

/** Block `at` of the seeds, of which those from `first` to `end` (exclusive) are kept. */
export const blockAt = (index: number, at: number, size: number, first: number, end: number): Block => ({
  index,
  seeds: Array.from({ length: size }, (_, i) => at * size + i),
  first,
  end,
});
