import { createHash } from "node:crypto";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { cacheFolder } from "../../runtime/node/cacheFolder.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import {
  explain,
  listFolder,
  makeFolder,
  ProjectError,
  readIfThere,
  removeTemporaries,
  syncFolder,
  writeAtomic,
} from "../storage/files.ts";
import { releasedAfter, takeLock } from "../storage/lock.ts";
import { checkAddress, fileNameOf, parseAddress, shownAddress } from "./address.ts";
import { refuseWebPage } from "./webPage.ts";

export interface DownloadOptions extends JobOptions {
  /** Default: of the cache folder. */
  readonly folder?: string;
  /** Throws where the whole file is not what was wanted: then nothing of it is kept. */
  readonly accept?: (bytes: Uint8Array) => void;
  /** The server is given up after so long without a byte. */
  readonly silenceSeconds?: number;
  /** Larger files are refused. */
  readonly mostBytes?: number;
}

/** Of a file in the cache, beside it: it is used only while it is this. */
const record = z.strictObject({ url: z.string(), bytes: z.int().min(1), sha256: z.string() });

/** Of a file that is not finished, beside it: whether what is still to come belongs to what is there. */
const partNote = z.strictObject({
  /** A strong ETag or a date; see If-Range, RFC 9110. */
  validator: z.string(),
  total: z.int().min(0).nullable(),
});
type PartNote = z.infer<typeof partNote>;

/** Where things lie: the file, what it is, what has arrived of it, what that belongs to, and who fetches it. */
interface Paths {
  readonly file: string;
  readonly record: string;
  readonly part: string;
  readonly note: string;
  readonly lock: string;
}

/** Node reads no larger file at once, and a generator is read at once. */
const MOST_BYTES = 2 ** 31 - 1;
const SILENCE_SECONDS = 60;
const MOST_REDIRECTS = 10;

/**
 * Fetches a URL into the cache and returns the file's path; a file that is there, and still what it was, is not fetched again.
 * A broken download continues where it stopped, if the server's content is still the same. The file appears under its final name
 * only when it is whole. Processes that want the same file wait for the one that fetches it. Throws ProjectError, which never
 * shows a password or a query.
 */
export async function download(text: string, options: DownloadOptions = {}): Promise<string> {
  const url = parseAddress(text);
  checkAddress(url);
  const { folder = join(cacheFolder(), "downloads"), signal } = options;
  const file = join(folder, `${createHash("sha256").update(text).digest("hex").slice(0, 12)}-${fileNameOf(url)}`);
  const part = `${file}.part`;
  const paths: Paths = { file, record: `${file}.json`, part, note: `${part}.json`, lock: `${file}.lock` };
  if (await isKept(paths)) return file;
  await makeFolder(folder);
  const release = await takeLock(paths.lock, shownAddress(url), {
    waitSeconds: Number.POSITIVE_INFINITY,
    ...(signal === undefined ? {} : { signal }),
  }).catch((error) => {
    throw explain(error, folder);
  });
  return releasedAfter(release, async () => {
    if (await isKept(paths)) return file;
    await removeTemporaries(folder);
    try {
      await fetchPart(url, paths, options);
      await keep(url, paths, options);
    } catch (error) {
      if (error instanceof UnwantedFile) for (const path of [paths.part, paths.note]) await rm(path, { force: true });
      throw error;
    }
    return file;
  });
}

/** A file that was fetched before, by its content; undefined where the cache has none. Nothing is asked of the network. */
export async function keptDownload(
  sha256: string,
  folder = join(cacheFolder(), "downloads"),
): Promise<string | undefined> {
  for (const name of (await listFolder(folder)).filter((n) => n.endsWith(".json") && !n.endsWith(".part.json"))) {
    const path = join(folder, name);
    const file = path.slice(0, -".json".length);
    const kept = await readJson(path, record);
    if (kept?.sha256 === sha256 && (await sizeOf(file)) === kept.bytes) return file;
  }
  return undefined;
}

/** Whether the file is there and still what was fetched. One without a record is of an earlier version, which checked less. */
async function isKept(paths: Paths): Promise<boolean> {
  const kept = await readJson(paths.record, record);
  if (kept === undefined || (await sizeOf(paths.file)) !== kept.bytes) return false;
  return sha256Of(await readFile(paths.file)) === kept.sha256;
}

/** Makes the whole part the file. */
async function keep(
  url: URL,
  { file, record: recordPath, part, note }: Paths,
  { accept }: DownloadOptions,
): Promise<void> {
  const bytes = await readFile(part);
  refuse(url, () => {
    refuseWebPage(bytes);
    accept?.(bytes);
  });
  await writeAtomic(
    recordPath,
    `${JSON.stringify({ url: shownAddress(url), bytes: bytes.length, sha256: sha256Of(bytes) })}\n`,
  );
  await rename(part, file).catch((error) => {
    throw explain(error, file);
  });
  await syncFolder(join(file, ".."));
  await rm(note, { force: true });
}

/** What the server sent is not what was wanted: nothing of it is kept. */
class UnwantedFile extends ProjectError {}

/** Throws UnwantedFile where `check` throws. */
function refuse(url: URL, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new UnwantedFile(
      `${shownAddress(url)}: what the server sent is not a generator: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
}

/** Fetches what is missing of the part, which is whole and on the disk afterwards. */
async function fetchPart(url: URL, paths: Paths, options: DownloadOptions): Promise<void> {
  const { signal, silenceSeconds = SILENCE_SECONDS } = options;
  const note = await readJson(paths.note, partNote);
  const have = note === undefined ? 0 : await sizeOf(paths.part);
  if (note !== undefined && have > 0 && have === note.total) return;
  const silence = new AbortController();
  const timer = setTimeout(
    () => silence.abort(new Error(`nothing came for ${silenceSeconds} s`)),
    silenceSeconds * 1000,
  );
  const both = AbortSignal.any([silence.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    const known = note !== undefined && have > 0 ? { note, have } : undefined;
    let response = await request(url, known, both);
    let continued = known !== undefined && continues(response, known.note, known.have);
    if (known !== undefined && !continued && response.status !== 200) {
      // Another range than was asked for, or none because the file has changed: from the beginning, then.
      await response.body?.cancel();
      response = await request(url, undefined, both);
      continued = false;
    }
    if (response.status !== 200 && !continued) throw refused(url, response);
    await receive(url, response, continued ? have : 0, { paths, options, alive: () => timer.refresh() });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ProjectError) throw error;
    throw new ProjectError(
      `${shownAddress(url)} cannot be fetched (${reason(silence.signal.aborted ? silence.signal.reason : error)}). ` +
        `Check the address and the connection, and run the same command again: what has arrived is kept.`,
      { cause: error },
    );
  } finally {
    clearTimeout(timer);
    // A connection that is not read to its end is closed.
    silence.abort();
  }
}

/** The answer to a request for a file from byte `have` on, over all redirects; each leads where `checkAddress` allows only. */
async function request(
  start: URL,
  known: { readonly note: PartNote; readonly have: number } | undefined,
  signal: AbortSignal,
): Promise<Response> {
  let url = start;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const { username, password } = url;
    const target = new URL(url);
    target.username = "";
    target.password = "";
    const response = await fetch(target, {
      redirect: "manual",
      signal,
      headers: {
        // Ranges and lengths are of the file itself.
        "accept-encoding": "identity",
        ...(known && { range: `bytes=${known.have}-`, "if-range": known.note.validator }),
        ...((username !== "" || password !== "") && { authorization: basic(username, password) }),
      },
    });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = URL.canParse(location, url.href) ? new URL(location, url.href) : undefined;
    if (next === undefined) throw new ProjectError(`${shownAddress(url)} redirects to what is not a valid address.`);
    checkAddress(next, url);
    // A password is for the one who asked for it.
    if (next.origin === url.origin && next.username === "" && next.password === "") {
      next.username = username;
      next.password = password;
    }
    url = next;
  }
  throw new ProjectError(`${shownAddress(start)} redirects without end.`);
}

const basic = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64")}`;

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether an answer is just what is missing: of the same content, from the byte asked for to the end, of the same length. */
function continues({ status, headers }: Response, { validator, total }: PartNote, have: number): boolean {
  if (status !== 206 || isEncoded(headers)) return false;
  const range = /^bytes (\d+)-(\d+)\/(\d+)$/
    .exec(headers.get("content-range") ?? "")
    ?.slice(1)
    .map(Number);
  if (range === undefined) return false;
  const [first, last, whole] = range;
  const now = validatorOf(headers);
  return first === have && last === whole - 1 && (total ?? whole) === whole && (now === undefined || now === validator);
}

/** What identifies the content: a strong ETag, or when it was changed; undefined where a half could be of another content. */
function validatorOf(headers: Headers): string | undefined {
  const etag = headers.get("etag");
  if (etag?.startsWith('"')) return etag;
  return headers.get("last-modified") ?? undefined;
}

/** Bytes that fetch has unpacked: neither lengths nor ranges are of the file. */
const isEncoded = (headers: Headers): boolean => !["identity", ""].includes(headers.get("content-encoding") ?? "");

function refused(url: URL, { status, statusText }: Response): ProjectError {
  const hint =
    status === 401 || status === 403
      ? " It asks who you are: download the file yourself, or take an address that needs no login."
      : status === 429 || status >= 500
        ? " Try again later."
        : " Check the address.";
  return new ProjectError(
    `${shownAddress(url)} cannot be fetched: the server answers ${`${status} ${statusText}`.trim()}.${hint}`,
  );
}

interface Receiving {
  readonly paths: Paths;
  readonly options: DownloadOptions;
  /** Called with every byte that comes. */
  alive(): void;
}

/** Writes an answer's body behind the first `have` bytes of the part, and flushes it to the disk. */
async function receive(
  url: URL,
  response: Response,
  have: number,
  { paths, options: { onProgress, mostBytes = MOST_BYTES }, alive }: Receiving,
): Promise<void> {
  const { headers, body } = response;
  const length = isEncoded(headers) ? null : headers.get("content-length");
  const total = length === null ? null : Number(length) + have;
  const tooLarge = (bytes: number): ProjectError =>
    new UnwantedFile(`${shownAddress(url)} is larger than a generator can be: ${bytes} bytes, at most ${mostBytes}.`);
  if (total !== null && total > mostBytes) throw tooLarge(total);
  const file = await open(paths.part, have > 0 ? "a" : "w").catch((error) => {
    throw explain(error, paths.part);
  });
  try {
    if (have === 0) {
      const validator = isEncoded(headers) ? undefined : validatorOf(headers);
      if (validator === undefined) await rm(paths.note, { force: true });
      else await writeAtomic(paths.note, JSON.stringify({ validator, total } satisfies PartNote));
    }
    let done = have;
    // Chunk by chunk, so that what has arrived is on the disk when the connection breaks.
    for await (const chunk of body ?? []) {
      alive();
      if (done === 0) refuse(url, () => refuseWebPage(chunk));
      done += chunk.length;
      if (done > mostBytes) throw tooLarge(done);
      await file.writeFile(chunk).catch((error) => {
        throw explain(error, paths.part);
      });
      onProgress?.({ phase: "download", done, total: total ?? done, note: fileNameOf(url) });
    }
    if (total !== null && done !== total) throw new Error(`${done} of ${total} bytes arrived`);
    if (done === 0) throw new UnwantedFile(`${shownAddress(url)}: the server sent an empty file. Check the address.`);
    await file.sync();
  } finally {
    await file.close();
  }
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => 0,
  );

const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Undefined where there is none, or it is damaged: what it tells of is fetched again. */
async function readJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    return schema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    return undefined;
  }
}

/** fetch hides the reason ("ECONNREFUSED") in the cause of its error. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
}
