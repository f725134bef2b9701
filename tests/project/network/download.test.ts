import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { download } from "../../../src/project/network/download.ts";

const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 256));
let folder: string;
let server: Server;
let requests: { range: string | undefined; ifRange: string | undefined }[];
let listener: RequestListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-download-"));
  requests = [];
  server = createServer((request, response) => {
    const { range, "if-range": ifRange } = request.headers;
    requests.push({ range, ifRange: ifRange as string | undefined });
    listener(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const url = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/my%20net.pkl`;

/** Bytes of the unfinished file. */
async function arrived(): Promise<number> {
  const [part] = (await readdir(folder)).filter((name) => name.endsWith(".part"));
  return part === undefined ? 0 : (await stat(join(folder, part))).size;
}

/** Sends from the asked byte on, and breaks the connection once `limit` bytes have reached the disk. */
const serve =
  (etag: string, limit = Number.POSITIVE_INFINITY): RequestListener =>
  (request, response) => {
    const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const from = match !== null && request.headers["if-range"] === etag ? Number(match[1]) : 0;
    response.writeHead(from > 0 ? 206 : 200, { "content-length": content.length - from, etag });
    if (limit >= content.length - from) response.end(content.subarray(from));
    else {
      response.write(content.subarray(from, from + limit));
      void vi.waitUntil(async () => (await arrived()) === limit, { timeout: 20_000 }).then(() => response.destroy());
    }
  };

describe("download()", () => {
  it("fetches once, into the cache, and reports progress", async () => {
    listener = serve('"v1"');
    const seen: number[] = [];
    const path = await download(url(), { onProgress: (p) => seen.push(p.done / p.total) }, folder);
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(path).toMatch(/-my_net\.pkl$/);
    expect(seen.at(-1)).toBe(1);
    expect(await download(url(), {}, folder)).toBe(path);
    expect(requests).toHaveLength(1);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it("continues a broken download, and never shows half a file", async () => {
    listener = serve('"v1"', 30_000);
    await expect(download(url(), {}, folder)).rejects.toThrow(/broke|arrived/);
    expect((await readdir(folder)).every((name) => name.includes(".part"))).toBe(true);
    listener = serve('"v1"');
    const path = await download(url(), {}, folder);
    expect(requests[1]).toEqual({ range: "bytes=30000-", ifRange: '"v1"' });
    expect((await readFile(path)).equals(content)).toBe(true);
  });

  it("starts again when the server's file has changed", async () => {
    listener = serve('"v1"', 30_000);
    await expect(download(url(), {}, folder)).rejects.toThrow();
    listener = serve('"v2"');
    expect((await readFile(await download(url(), {}, folder))).equals(content)).toBe(true);
  });

  it("says what the server answered, and that plain http is not fetched", async () => {
    listener = (_, response) => response.writeHead(404).end();
    await expect(download(url(), {}, folder)).rejects.toThrow("the server answers 404 Not Found");
    await expect(download("http://example.org/x.pkl", {}, folder)).rejects.toThrow("only https is fetched");
    await expect(download("http://127.0.0.1:9/x.pkl", {}, folder)).rejects.toThrow("cannot be fetched");
  });
});
