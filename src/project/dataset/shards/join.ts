/** `klish dataset join`: the shards of a dataset become the dataset that one run would have made. */
import { createReadStream } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { JobOptions } from "../../../tensor/progress.ts";
import { defineJob } from "../../requests/request.ts";
import { formatSeeds } from "../../requests/seeds.ts";
import { missingShards, type Shard, shardsFolder, shardsIn, shardText } from "../../shards/shard.ts";
import { isBucket } from "../../storage/bucket.ts";
import {
  explain,
  isFolder,
  listFolder,
  ProjectError,
  readIfThere,
  temporaryName,
  writeAtomic,
} from "../../storage/files.ts";
import { linkFile } from "../../storage/linkFile.ts";
import { isForeign, locked, lockFolder } from "../../storage/lock.ts";
import { type AlreadyMade, alreadyMade, filesOf } from "../blocks/resume.ts";
import { criticPath } from "../clean/critic.ts";
import { manifestLines, manifestPath } from "../manifest.ts";
import { joinRequest } from "../options.ts";
import { writeOverview } from "../overview.ts";
import { RUN_LOG } from "../runs.ts";
import {
  DATASET_FILE,
  type DatasetFile,
  datasetDifferences,
  datasetText,
  loadDataset,
  openDataset,
  seedRange,
} from "../settings.ts";
import type { Cleaned } from "../statistics.ts";
import { type ExportSummary, removeFormats, writeFormats, writeLists } from "../store.ts";
import { datasetInBucket, downloadShards } from "./bucket.ts";

/** What `klish dataset join` leaves. */
export interface JoinSummary {
  readonly folder: string;
  readonly overview: string;
  /** Shards that were joined; 0 where that was done before. */
  readonly shards: number;
  /** Seeds looked at, samples with files, bytes of these. */
  readonly samples: number;
  readonly kept: number;
  readonly bytes: number;
  readonly exports: readonly ExportSummary[];
  readonly cleaned: Cleaned;
}

const MAKE = "Make the parts with `klish dataset --shard`.";

interface Part {
  readonly folder: string;
  readonly file: DatasetFile;
  readonly shard: Shard;
}

/**
 * Joins shards: checks that all are there, complete and of one recipe, links or copies their files, and writes the manifest, the lists and the
 * overview. Shards that lie in the folder of the whole are removed in the end. It can be repeated at any time: what is joined is left as it is.
 * Rejects with ProjectError that names what is missing.
 */
export const joinJob = defineJob(joinRequest, async ({ folders, outdir, formats }, job): Promise<JoinSummary> => {
  const buckets = folders.filter(isBucket);
  if (buckets.length > 0 && (folders.length > 1 || outdir === null))
    throw new ProjectError("the parts of one bucket are joined into a new folder: say which, with --outdir.");
  const sources = buckets.length > 0 ? [resolve(outdir as string)] : folders.map((folder) => resolve(folder));
  if (buckets.length === 0)
    for (const folder of sources)
      if (!(await isFolder(folder))) throw new ProjectError(`${folder}: there is no such folder. ${MAKE}`);
  if (outdir === null && sources.length > 1)
    throw new ProjectError("several folders are joined into a new one: say where, with --outdir.");
  const whole = resolve(outdir ?? sources[0]);
  const isOwn = sources.length === 1 && sources[0] === whole;
  const finish = async (shards: number): Promise<JoinSummary> => {
    const file = await openDataset(whole);
    const { samples, bytes } = await complete(whole, file);
    await writeLists(whole, file);
    const { overview, kept, cleaned } = await writeOverview(whole, job);
    const exports = await writeFormats(whole, file.settings, formats, job);
    if (isOwn) await rm(shardsFolder(whole), { recursive: true, force: true });
    return { folder: whole, overview, shards, samples, kept, bytes, exports, cleaned };
  };
  return locked(whole, async () => {
    const before = await loadDataset(whole);
    if (isOwn && before?.settings.shard === null) {
      for (const address of buckets)
        if (wholeText(await datasetInBucket(address)) !== (await readFile(join(whole, DATASET_FILE), "utf8")))
          throw new ProjectError(`${whole} holds another dataset than ${address}. Choose another --outdir.`);
      return finish(0);
    }
    for (const address of buckets) await downloadShards(address, whole, job);
    const parts = await openParts(sources);
    const file = { ...parts[0].file, settings: { ...parts[0].file.settings, shard: null } };
    await claim(whole, before, file);
    const releases: (() => Promise<void>)[] = [];
    try {
      for (const { folder } of parts) if (folder !== whole) releases.push(await lockFolder(folder));
      await joinParts(whole, parts, file, job);
    } finally {
      for (const release of releases) await release();
    }
    return finish(parts.length);
  });
});

/** All shards of one dataset, in their order. Throws ProjectError where one is missing, twice there, or of another dataset. */
async function openParts(folders: readonly string[]): Promise<Part[]> {
  const parts: Part[] = [];
  for (const folder of folders) {
    const inner = await shardsIn(folder);
    for (const path of inner.length > 0 ? inner : [folder]) {
      const file = await loadDataset(path);
      if (file === undefined)
        throw inner.length > 0
          ? new ProjectError(`${path} was begun and has no samples yet. Run the command that makes it again.`)
          : new ProjectError(`${path} holds no parts of a dataset. ${MAKE}`);
      const { shard } = file.settings;
      if (shard === null) throw new ProjectError(`${path} is a whole dataset, not a part of one: it needs no joining.`);
      parts.push({ folder: path, file, shard });
    }
  }
  let missing: readonly number[];
  try {
    missing = missingShards(parts);
  } catch (cause) {
    throw new ProjectError(`${(cause as Error).message}.`, { cause });
  }
  const [first] = parts;
  for (const { folder, file } of parts) {
    const changed = datasetDifferences(first.file.settings, { ...file.settings, shard: first.shard });
    if (changed.length === 0 && JSON.stringify(file.classes) !== JSON.stringify(first.file.classes))
      changed.push("classes changed");
    if (changed.length > 0)
      throw new ProjectError(
        `${folder} and ${first.folder} are not parts of one dataset: ${changed.join("; ")}. Make the one that is wrong again.`,
      );
  }
  if (missing.length > 0)
    throw new ProjectError(
      `parts ${formatSeeds(missing).replaceAll(",", ", ")} of ${first.shard.of} are not there. Run the command that makes them, with --shard ${missing[0]}/${first.shard.of}${missing.length > 1 ? " and so on" : ""}.`,
    );
  return parts.sort((a, b) => a.shard.index - b.shard.index);
}

/** What a join that was killed may have left. */
const OURS = /^(shards|images|masks(_[\w.-]+)?|manifest\.jsonl|runs\.jsonl|critic\.safetensors)$/;

/** Throws ProjectError where the folder of the whole holds something else. */
async function claim(whole: string, before: DatasetFile | undefined, file: DatasetFile): Promise<void> {
  if (before !== undefined) {
    const changed = datasetDifferences(before.settings, file.settings);
    if (changed.length > 0)
      throw new ProjectError(`${whole} holds another dataset: ${changed.join("; ")}. Choose another --outdir.`);
    return;
  }
  const foreign = (await listFolder(whole)).filter((name) => isForeign(name) && !OURS.test(name));
  if (foreign.length > 0)
    throw new ProjectError(
      `${whole} is not empty and holds no dataset (${foreign.slice(0, 3).join(", ")}). Choose an empty or new --outdir.`,
    );
}

/** What a folder has. Throws ProjectError where samples are missing or damaged. */
async function complete(folder: string, { settings }: DatasetFile): Promise<AlreadyMade> {
  const made = await alreadyMade(folder, settings);
  const { first, end } = seedRange(settings);
  const { shard } = settings;
  const what = shard === null ? folder : `part ${shardText(shard)} (${folder})`;
  const again = "Run the command that makes it again: it continues where it stopped.";
  if (made.samples < end - first)
    throw new ProjectError(`${what} is not complete: ${made.samples} of ${end - first} samples. ${again}`);
  if (made.damaged.length > 0)
    throw new ProjectError(
      `${what} is damaged: ${made.damaged.length} samples, the first ${made.damaged[0].name}. ${again}`,
    );
  return made;
}

async function joinParts(
  whole: string,
  parts: readonly Part[],
  file: DatasetFile,
  { onProgress, signal }: JobOptions,
): Promise<void> {
  const made: AlreadyMade[] = [];
  for (const [i, part] of parts.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "check the parts", done: i, total: parts.length });
    made.push(await complete(part.folder, part.file));
  }
  onProgress?.({ phase: "check the parts", done: parts.length, total: parts.length });
  // What was exported of another dataset of this name must not pass for this one.
  await removeFormats(whole, file.settings);
  const total = made.reduce((sum, { samples }) => sum + samples, 0);
  let done = 0;
  for (const { folder } of parts)
    for await (const { entry } of manifestLines(folder, file.settings)) {
      signal?.throwIfAborted();
      for (const { path, bytes } of filesOf(entry, file.settings))
        await linkFile(join(folder, path), join(whole, path), bytes);
      onProgress?.({ phase: "join the parts", done: ++done, total });
    }
  const manifest = join(whole, temporaryName());
  try {
    await writeFile(manifest, "");
    for (const [i, { folder }] of parts.entries())
      if (made[i].manifestBytes > 0)
        await writeFile(manifest, createReadStream(manifestPath(folder), { end: made[i].manifestBytes - 1 }), {
          flag: "a",
        });
    await rename(manifest, manifestPath(whole));
  } catch (error) {
    await rm(manifest, { force: true }).catch(() => undefined);
    throw explain(error, manifestPath(whole));
  }
  const runs = await Promise.all(parts.map(({ folder }) => readIfThere(join(folder, RUN_LOG))));
  await writeAtomic(join(whole, RUN_LOG), Buffer.concat(runs.map((run) => run ?? new Uint8Array())));
  const critic = await readIfThere(criticPath(parts[0].folder));
  if (critic !== undefined) await writeAtomic(criticPath(whole), critic);
  // Last: a folder with this file is a dataset.
  await writeAtomic(join(whole, DATASET_FILE), wholeText(await readFile(join(parts[0].folder, DATASET_FILE))));
}

/** dataset.json as one run would have written it, its members in their order, from that of a shard. */
function wholeText(part: Uint8Array): string {
  const file = JSON.parse(new TextDecoder().decode(part));
  file.settings.shard = null;
  return datasetText(file);
}
