import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { cacheFolder } from "../../runtime/node/cacheFolder.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";

/** Whether a network is given as a URL. */
export const isUrl = (text: string): boolean => /^https?:\/\//i.test(text);

/** What identifies the content of a partial download; without it a resumed half might belong to another version. */
interface Partial {
  readonly etag: string;
}

/**
 * Fetches a URL into the cache folder and returns the file's path; a file that is there already is not fetched again. A
 * broken download continues where it stopped, if the server's content is still the same. The file appears under its
 * final name only when it is whole.
 */
export async function download(
  url: string,
  { onProgress, signal }: JobOptions = {},
  folder = join(cacheFolder(), "downloads"),
): Promise<string> {
  const { protocol, hostname, pathname } = new URL(url);
  // Weights decide what is computed, so they travel over an authenticated channel, or do not leave the machine.
  if (protocol !== "https:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname))
    throw new ProjectError(`${url}: only https is fetched. Use https, or download the file yourself.`);
  const name =
    decodeURIComponent(pathname)
      .split("/")
      .at(-1)
      ?.replace(/[^\w.-]/g, "_") || "network";
  const target = join(folder, `${createHash("sha256").update(url).digest("hex").slice(0, 12)}-${name}`);
  if (await sizeOf(target)) return target;
  await mkdir(folder, { recursive: true });

  const part = `${target}.part`;
  const noteFile = `${target}.part.json`;
  const have = await sizeOf(part);
  const note = have > 0 ? await readNote(noteFile) : undefined;
  const resume = note === undefined ? {} : { range: `bytes=${have}-`, "if-range": note.etag };
  const response = await fetch(url, { headers: resume, ...(signal === undefined ? {} : { signal }) }).catch((cause) => {
    signal?.throwIfAborted();
    throw new ProjectError(
      `${url} cannot be fetched (${reason(cause)}). Check the address and the connection; what is fetched so far is kept.`,
      { cause },
    );
  });
  if (!response.ok || response.body === null)
    throw new ProjectError(`${url} cannot be fetched: the server answers ${response.status} ${response.statusText}.`);

  const continued = response.status === 206;
  let done = continued ? have : 0;
  const total = Number(response.headers.get("content-length") ?? Number.NaN) + done;
  const etag = response.headers.get("etag") ?? response.headers.get("last-modified");
  if (etag === null) await rm(noteFile, { force: true });
  else await writeAtomic(noteFile, JSON.stringify({ etag } satisfies Partial));
  const file = await open(part, continued ? "a" : "w");
  try {
    // Chunk by chunk, so that what has arrived is on the disk when the connection breaks.
    for await (const chunk of response.body) {
      await file.write(chunk);
      done += chunk.length;
      onProgress?.({ phase: "download", done, total: Number.isNaN(total) ? done : total, note: name });
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ProjectError(
      `${url}: the connection broke after ${done} bytes (${reason(cause)}). Run the same command again to continue.`,
      { cause },
    );
  } finally {
    await file.close();
  }
  if (!Number.isNaN(total) && done !== total)
    throw new ProjectError(`${url}: ${done} of ${total} bytes arrived. Run the same command again to continue.`);
  await rename(part, target);
  await rm(noteFile, { force: true });
  return target;
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    (s) => s.size,
    () => 0,
  );

async function readNote(path: string): Promise<Partial | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  const { etag } = JSON.parse(new TextDecoder().decode(bytes)) as { etag?: unknown };
  return typeof etag === "string" ? { etag } : undefined;
}

/** fetch hides the reason ("ECONNREFUSED") in the cause of its error. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : message;
}
