/** Files as answers: those of the built page, and those of the workspace. */
import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { dirname, extname, join, sep } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ProjectError } from "../../project/storage/files.ts";
import { Refusal } from "./refusal.ts";

/** Content types of what is shown; anything else is downloaded. */
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".avif": "image/avif",
  ".gif": "image/gif",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".wasm": "application/wasm",
  ".woff2": "font/woff2",
};
const DOWNLOAD = "application/octet-stream";

/**
 * What the studio's own page may do: run its scripts, and talk to this server. Styles are let in wherever they stand, as components bring some
 * with them: from a style nothing can be run, or, by the first line, fetched from elsewhere.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * What a file of the workspace may do, which may be a stranger's: its scripts run in an origin of their own, without a session, and reach no
 * network; they are there for the report, whose own policy is stricter.
 */
export const FILE_POLICY = [
  "sandbox allow-scripts",
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

/**
 * The answer with a file's bytes, or 304 where the browser has them. Throws Refusal for what is no plain file: a folder, a pipe, a link that
 * was put there since its path was checked.
 */
export async function fileAnswer(path: string, asked: Headers, policy: string): Promise<Response> {
  const file = await openPlain(path);
  try {
    const { size, mtimeMs } = await file.stat();
    const type = TYPES[extname(path).toLowerCase()] ?? DOWNLOAD;
    const tag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
    const headers = {
      "content-type": type,
      "content-security-policy": policy,
      // The name stays; what is in it may change at any time.
      "cache-control": "no-cache",
      etag: tag,
      ...(type === DOWNLOAD && { "content-disposition": "attachment" }),
    };
    if (asked.get("if-none-match") === tag) {
      await file.close();
      return new Response(null, { status: 304, headers });
    }
    const stream = file.createReadStream({ autoClose: true });
    return new Response(Readable.toWeb(stream) as ReadableStream, {
      headers: { ...headers, "content-length": String(size) },
    });
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

async function openPlain(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    // Without NONBLOCK a pipe would wait for its other end.
    file = await open(
      await realpath(path),
      constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0),
    );
    if ((await file.stat()).isFile()) return file;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EMFILE" || code === "ENFILE") throw error;
  }
  await file?.close();
  throw new Refusal(404, "there is no such file.");
}

/** The folder of a built page: of the package as it is installed, and as it is developed. */
const BUILT = ["../../web/", "../../../dist/web/"].map((relative) => fileURLToPath(new URL(relative, import.meta.url)));

/** The path of a built page's folder, "studio" or "paint". Throws ProjectError where it was not built. */
export async function builtPage(name: string): Promise<string> {
  for (const folder of BUILT) {
    const found = await realpath(join(folder, name, "index.html")).catch(() => undefined);
    if (found !== undefined) return dirname(found);
  }
  throw new ProjectError(
    `the page of klish ${name} is missing from this installation: build it with \`npm run build\`, or install klish again.`,
  );
}

/** A file of a built page by its path in the address; undefined where there is none. */
export async function pageFile(folder: string, path: string): Promise<string | undefined> {
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.some((part) => part.startsWith(".") || /[\\\p{Cc}]/u.test(part))) return undefined;
  const found = await realpath(join(folder, ...(parts.length === 0 ? ["index.html"] : parts))).catch(() => undefined);
  return found?.startsWith(folder + sep) ? found : undefined;
}
