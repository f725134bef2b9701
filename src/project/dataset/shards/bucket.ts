/** Shards of a dataset in a bucket: put there when they are complete, and fetched from there to be joined. */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type Shard, shardFolder, shardText } from "../../shards/shard.ts";
import { type Bucket, openBucket } from "../../storage/bucket.ts";
import { ProjectError, readIfThere, readPlainFile, writeAtomic } from "../../storage/files.ts";
import { filesOf } from "../blocks/resume.ts";
import { criticPath } from "../clean/critic.ts";
import { entriesOf, type ManifestEntry, manifestPath } from "../manifest.ts";
import { RUN_LOG } from "../runs.ts";
import { hashOf } from "../sample.ts";
import { DATASET_FILE, type DatasetFile, openDataset } from "../settings.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** complete.json, which is put last and only once: a shard that has it is whole. */
const completion = z.strictObject({
  klish: z.literal("shard"),
  version: z.literal(1),
  datasetSha256: sha256,
  manifestSha256: sha256,
});

const COMPLETE = "complete.json";

/** Where a shard lies in the bucket; as in a folder that all share. */
const shardPath = (shard: Shard): string => shardFolder("", shard).replaceAll("\\", "/");

/**
 * Puts a complete shard into a bucket; what is there already is not sent again. Rejects with ProjectError where the bucket has another shard of that number,
 * or the server refuses.
 */
export async function uploadShard(
  folder: string,
  address: string,
  { onProgress, signal }: JobOptions,
): Promise<string> {
  const { settings } = await openDataset(folder);
  const { shard } = settings;
  if (shard === null) throw new ProjectError("only parts are put into a bucket: say which, with --shard.");
  const bucket = await openBucket(address);
  const home = shardPath(shard);
  const manifest = await readFile(manifestPath(folder));
  const dataset = await readFile(join(folder, DATASET_FILE));
  const complete = {
    klish: "shard",
    version: 1,
    datasetSha256: hashOf(dataset).sha256,
    manifestSha256: hashOf(manifest).sha256,
  };
  const there = new Map<string, { readonly bytes: number; readonly etag: string }>();
  for await (const { path, ...rest } of bucket.list(`${home}/`)) there.set(path, rest);
  const content = Buffer.from(`${JSON.stringify(complete)}\n`);
  if (there.has(`${home}/${COMPLETE}`)) return confirm(bucket, home, content, shard);
  const entries = entriesOf(manifest.toString());
  const send = async (path: string, bytes: Uint8Array): Promise<void> => {
    const known = there.get(`${home}/${path}`);
    if (known?.bytes === bytes.length && known.etag === createHash("md5").update(bytes).digest("hex")) return;
    await bucket.put(`${home}/${path}`, bytes);
  };
  const files = entries.flatMap((entry) => filesOf(entry, settings));
  let done = 0;
  await together(files, async ({ path }) => {
    signal?.throwIfAborted();
    await send(path, await readPlainFile(join(folder, path)));
    onProgress?.({ phase: "upload the part", done: ++done, total: files.length });
  });
  const critic = await readIfThere(criticPath(folder));
  if (critic !== undefined) await send(criticPath(""), critic);
  const runs = await readIfThere(join(folder, RUN_LOG));
  if (runs !== undefined) await send(RUN_LOG, runs);
  await send("manifest.jsonl", manifest);
  await send(DATASET_FILE, dataset);
  return (await bucket.putNew(`${home}/${COMPLETE}`, content))
    ? `${bucket.address}/${home}`
    : confirm(bucket, home, content, shard);
}

/** Where another task was faster, it made the same. */
async function confirm(bucket: Bucket, home: string, content: Uint8Array, shard: Shard): Promise<string> {
  if (Buffer.compare(await bucket.get(`${home}/${COMPLETE}`), content) === 0) return `${bucket.address}/${home}`;
  throw new ProjectError(
    `${bucket.address} has another part ${shardText(shard)}: of another recipe, or made on another kind of machine. Choose another folder of the bucket, or delete ${home} there.`,
  );
}

/**
 * Fetches the complete shards of a bucket into a folder, where they lie as if they had been made there; what is there already is not fetched again.
 * Everything is held against its hash. Rejects with ProjectError that says what is wrong.
 */
export async function downloadShards(
  address: string,
  folder: string,
  { onProgress, signal }: JobOptions,
): Promise<void> {
  const bucket = await openBucket(address);
  const homes = await completeShards(bucket);
  const file = async (path: string, sha?: string): Promise<Buffer> => {
    const bytes = Buffer.from(await bucket.get(path));
    if (sha !== undefined && hashOf(bytes).sha256 !== sha)
      throw new ProjectError(
        `${bucket.address}/${path} has another content than its part says. Delete ${path.split("/").slice(0, 2).join("/")} in the bucket, and make that part again.`,
      );
    return bytes;
  };
  for (const [i, home] of homes.entries()) {
    const target = join(folder, ...home.split("/"));
    const parsed = completion.safeParse(parse(await file(`${home}/${COMPLETE}`)));
    if (!parsed.success)
      throw new ProjectError(`${bucket.address}/${home}/${COMPLETE} is not of this version of klish.`);
    const { datasetSha256, manifestSha256 } = parsed.data;
    const manifest = await file(`${home}/manifest.jsonl`, manifestSha256);
    const dataset = await file(`${home}/${DATASET_FILE}`, datasetSha256);
    await writeAtomic(join(target, DATASET_FILE), dataset);
    const { settings }: DatasetFile = await openDataset(target);
    if (settings.shard === null || shardPath(settings.shard) !== home)
      throw new ProjectError(`${bucket.address}/${home} holds another part than its name says.`);
    const files = entriesOf(manifest.toString()).flatMap((entry: ManifestEntry) => filesOf(entry, settings));
    let done = 0;
    const report = (): void =>
      onProgress?.({ phase: `download part ${i + 1} of ${homes.length}`, done, total: files.length });
    report();
    await together(files, async ({ path, bytes, sha256: sha }) => {
      signal?.throwIfAborted();
      const here = await stat(join(target, path)).catch(() => undefined);
      if (here?.size !== bytes)
        await writeAtomic(join(target, path), await file(`${home}/${path}`, sha), { flush: false });
      done++;
      report();
    });
    if (settings.plausibility !== undefined)
      await writeAtomic(
        criticPath(target),
        await file(`${home}/${criticPath("")}`, settings.plausibility.criticSha256),
      );
    // There is none where the part held nothing to make.
    for await (const { path } of bucket.list(`${home}/${RUN_LOG}`))
      await writeAtomic(join(target, RUN_LOG), await bucket.get(path));
    // Last: what it lists is there.
    await writeAtomic(manifestPath(target), manifest);
  }
}

/** dataset.json of a shard that is there. Rejects with ProjectError where none is. */
export async function datasetInBucket(address: string): Promise<Uint8Array> {
  const bucket = await openBucket(address);
  return bucket.get(`${(await completeShards(bucket))[0]}/${DATASET_FILE}`);
}

/** The folders of the complete shards, at least one. */
async function completeShards(bucket: Bucket): Promise<string[]> {
  const homes: string[] = [];
  for await (const { path } of bucket.list("shards/"))
    if (/^shards\/\d+-of-\d+\/complete\.json$/.test(path)) homes.push(path.slice(0, -COMPLETE.length - 1));
  if (homes.length > 0) return homes;
  throw new ProjectError(
    `${bucket.address} has no complete parts. Make them with \`klish dataset --shard auto --upload ${bucket.address}\`.`,
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}

/** Requests that are under way at a time. */
const TOGETHER = 8;

async function together<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;
  const lane = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true && failure === undefined; next = rest.next())
      try {
        await work(next.value);
      } catch (error) {
        failure ??= { error };
      }
  };
  await Promise.all(Array.from({ length: TOGETHER }, lane));
  if (failure !== undefined) throw failure.error;
}
