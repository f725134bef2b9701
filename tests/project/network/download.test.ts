import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkAddress, fileNameOf, parseAddress, shownAddress } from "../../../src/project/network/address.ts";
import { type DownloadOptions, download } from "../../../src/project/network/download.ts";
import { networkFile } from "../../../src/project/network/network.ts";
import { main } from "../../cli/klish.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7 + 3) % 256));
const other = Buffer.from(content.map((byte) => byte ^ 255));
let folder: string;
let server: Server;
let requests: IncomingHttpHeaders[];
let listener: RequestListener;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-download-"));
  requests = [];
  server = createServer((request, response) => {
    requests.push(request.headers);
    listener(request, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const url = (): string => `${origin()}/models/my%20net.pkl`;
const fetched = (options: DownloadOptions = {}): Promise<string> => download(url(), { folder, ...options });
/** Names of what is not finished, or of a fetch that goes on. */
const unfinished = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /\.(part|part\.json|lock|tmp)$/.test(name));

/** Bytes of the unfinished file. */
async function arrived(): Promise<number> {
  const [part] = (await readdir(folder)).filter((name) => name.endsWith(".part"));
  return part === undefined ? 0 : (await stat(join(folder, part))).size;
}

interface Serving {
  readonly bytes?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection breaks once so many bytes have reached the disk. */
  readonly limit?: number;
}

/** A server that knows ranges: sends from the asked byte on where the content is still the same. */
const serve =
  (
    etag: string | undefined,
    { bytes = content, headers = {}, limit = Number.POSITIVE_INFINITY }: Serving = {},
  ): RequestListener =>
  (request, response) => {
    const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const from = match !== null && request.headers["if-range"] === etag ? Number(match[1]) : 0;
    const range = from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": bytes.length - from,
      ...(etag === undefined ? {} : { etag }),
      ...range,
      ...headers,
    });
    if (limit >= bytes.length - from) response.end(bytes.subarray(from));
    else {
      response.write(bytes.subarray(from, from + limit));
      void vi.waitUntil(async () => (await arrived()) === limit, { timeout: 20_000 }).then(() => response.destroy());
    }
  };

/** Leaves 30,000 bytes of `content` with ETag "v1". */
async function half(): Promise<void> {
  listener = serve('"v1"', { limit: 30_000 });
  await expect(fetched()).rejects.toThrow("what has arrived is kept");
  expect(await arrived()).toBe(30_000);
}

const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, body: string | Buffer = ""): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

describe("download()", () => {
  it("fetches once, into the cache, and reports progress", async () => {
    listener = serve('"v1"');
    const seen: number[] = [];
    const path = await fetched({ onProgress: (p) => seen.push(p.done / p.total) });
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(path).toMatch(/-my_net\.pkl$/);
    expect(seen.at(-1)).toBe(1);
    expect(await fetched()).toBe(path);
    expect(requests).toHaveLength(1);
    expect(JSON.parse(await readFile(`${path}.json`, "utf8"))).toMatchObject({ url: url(), bytes: content.length });
    expect(await unfinished()).toEqual([]);
  });

  it("fetches again what was changed in the cache, and what has no record of its content", async () => {
    listener = serve('"v1"');
    const path = await fetched();
    await writeFile(path, other);
    expect((await readFile(await fetched())).equals(content)).toBe(true);
    await rm(`${path}.json`);
    await writeFile(path, "<html>kept by an earlier version</html>");
    expect((await readFile(await fetched())).equals(content)).toBe(true);
    expect(requests).toHaveLength(3);
  });

  it("continues a broken download, and never shows half a file", async () => {
    await half();
    expect((await readdir(folder)).every((name) => name.includes(".part"))).toBe(true);
    listener = serve('"v1"');
    const path = await fetched();
    expect(requests[1]).toMatchObject({ range: "bytes=30000-", "if-range": '"v1"' });
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(await unfinished()).toEqual([]);
  });

  it.each([
    ["a file that has changed", serve('"v2"', { bytes: other }), other],
    ["a part that was cut off by itself", serve('"v1"', { headers: { "content-range": "bytes 30000-99998/100000" } })],
    ["a part that begins elsewhere", serve('"v1"', { headers: { "content-range": "bytes 20000-99999/100000" } })],
    ["a part of a longer file", serve('"v1"', { headers: { "content-range": "bytes 30000-99999/100001" } })],
    ["a part of a file with another ETag", serve('"v1"', { headers: { etag: '"v2"' } })],
    ["a part without a Content-Range", serve('"v1"', { headers: { "content-range": "" } })],
    ["416, as the file has changed", undefined],
  ])("starts again where the server sends %s", async (_, resumed, expected = content) => {
    await half();
    listener = (request, response) => {
      if (request.headers.range === undefined) serve('"v1"', { bytes: expected })(request, response);
      else (resumed ?? answer(416, { "content-range": "bytes */10" }))(request, response);
    };
    expect((await readFile(await fetched())).equals(expected)).toBe(true);
    expect(await unfinished()).toEqual([]);
  });

  it.each([
    ["none", undefined],
    ["a weak one, which stands for no bytes,", 'W/"v1"'],
  ])("starts again where the ETag is %s", async (_, etag) => {
    listener = serve(etag, { limit: 30_000 });
    await expect(fetched()).rejects.toThrow("cannot be fetched");
    listener = serve(etag);
    expect((await readFile(await fetched())).equals(content)).toBe(true);
    expect(requests[1]?.range).toBe(undefined);
  });

  it("takes a part that is whole already, and one whose note is broken from the beginning", async () => {
    await half();
    const [part] = (await readdir(folder)).filter((name) => name.endsWith(".part"));
    await writeFile(join(folder, part), content);
    const path = await fetched();
    expect((await readFile(path)).equals(content)).toBe(true);
    expect(requests).toHaveLength(1);
    await rm(path);
    await writeFile(join(folder, part), other.subarray(0, 10));
    await writeFile(join(folder, `${part}.json`), "{");
    listener = serve('"v1"');
    expect((await readFile(await fetched())).equals(content)).toBe(true);
  });

  it.each([
    ["a web page", answer(200, {}, "\n<!DOCTYPE html><title>Sign in</title>"), "this is a web page, not a file"],
    ["a message", answer(200, {}, '{"error": "no such model"}'), 'this is a message, not a file: {"error": "no such'],
    ["a pointer", answer(200, {}, "version https://git-lfs.github.com/spec/v1\n"), "a pointer of Git LFS"],
    ["nothing", answer(200), "the server sent an empty file"],
    ["nothing, which it calls done", answer(204), "the server answers 204"],
  ])("refuses %s with status 200, and keeps nothing of it", async (_, sent, message) => {
    listener = sent;
    await expect(fetched()).rejects.toThrow(message);
    expect(await readdir(folder)).toEqual([]);
  });

  it("keeps nothing that is no generator, and what is one", async () => {
    vi.stubEnv("KLISH_CACHE", folder);
    listener = answer(200, {}, "a short body");
    await expect(networkFile(url())).rejects.toThrow("what the server sent is not a generator");
    expect(await readdir(join(folder, "downloads"))).toEqual([]);
    const model = Buffer.from(tinyGenerator());
    listener = serve('"v1"', { bytes: model });
    expect((await readFile(await networkFile(url()))).equals(model)).toBe(true);
    vi.unstubAllEnvs();
  });

  it("refuses a file that is too large, by what it says and by what comes", async () => {
    listener = serve('"v1"');
    await expect(fetched({ mostBytes: 99_999 })).rejects.toThrow("100000 bytes, at most 99999");
    listener = (_, response) => {
      response.writeHead(200);
      response.write(content);
      response.end(content);
    };
    await expect(fetched({ mostBytes: 150_000 })).rejects.toThrow("at most 150000");
    expect(await readdir(folder)).toEqual([]);
  });

  it("unpacks what the server packs unasked, and takes no half of that", async () => {
    const packed = gzipSync(content);
    listener = (request, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length, etag: '"v1"' });
      if (requests.length > 1) response.end(packed);
      else response.write(packed.subarray(0, 200), () => response.destroy());
      expect(request.headers["accept-encoding"]).toBe("identity");
    };
    await expect(fetched()).rejects.toThrow("cannot be fetched");
    expect((await readFile(await fetched())).equals(content)).toBe(true);
    expect(requests[1]?.range).toBe(undefined);
  });

  it("lets one of many fetch what all of them want", async () => {
    listener = serve('"v1"');
    const paths = await Promise.all([fetched(), fetched(), fetched(), fetched()]);
    expect(new Set(paths).size).toBe(1);
    expect((await readFile(paths[0])).equals(content)).toBe(true);
    expect(requests).toHaveLength(1);
    expect(await unfinished()).toEqual([]);
  });

  it("stops at once when it is told to, keeps what has arrived, and gives up a server that is silent", async () => {
    const controller = new AbortController();
    const stopped = new Error("stopped");
    listener = (_, response) => {
      response.writeHead(200, { "content-length": content.length, etag: '"v1"' });
      response.write(content.subarray(0, 100));
    };
    const running = fetched({ signal: controller.signal, onProgress: () => controller.abort(stopped) });
    await expect(running).rejects.toBe(stopped);
    expect(await arrived()).toBe(100);
    await expect(fetched({ silenceSeconds: 0.2 })).rejects.toThrow("nothing came for 0.2 s");
    listener = () => undefined;
    await expect(fetched({ silenceSeconds: 0.2 })).rejects.toThrow("nothing came for 0.2 s");
    expect((await unfinished()).some((name) => name.endsWith(".lock"))).toBe(false);
  });

  it("follows redirects, with a password on the same server only, and never shows it", async () => {
    const elsewhere = createServer((request, response) => {
      requests.push(request.headers);
      serve('"v1"')(request, response);
    });
    await new Promise<void>((done) => elsewhere.listen(0, "127.0.0.1", done));
    const { port } = elsewhere.address() as AddressInfo;
    listener = (request, response) =>
      answer(302, { location: request.url?.startsWith("/a") ? "/b" : `http://127.0.0.1:${port}/net.pkl` })(
        request,
        response,
      );
    const secret = `${origin().replace("//", "//me:s%20cret@")}/a?token=hidden`;
    const path = await download(secret, { folder });
    expect((await readFile(path)).equals(content)).toBe(true);
    const basic = `Basic ${Buffer.from("me:s cret").toString("base64")}`;
    expect(requests.map(({ authorization }) => authorization)).toEqual([basic, basic, undefined]);
    elsewhere.close();
    listener = answer(404);
    const { message } = (await download(`${secret}2`, { folder }).catch((error) => error)) as Error;
    expect(message).toContain("/a?… cannot be fetched: the server answers 404");
    for (const file of await readdir(folder))
      expect(file + (await readFile(join(folder, file), "latin1"))).not.toMatch(/cret|hidden/);
  });

  it.each([
    ["http://example.org/x", "leads to http://example.org/x: only https is fetched"],
    ["ftp://example.org/x", "only https is fetched"],
    ["file:///etc/passwd", "only https is fetched"],
    ["https://host:99999/", "redirects to what is not a valid address"],
    ["/models/my%20net.pkl", "without end"],
  ])("does not follow a redirect to %s", async (location, message) => {
    listener = answer(301, { location });
    await expect(fetched()).rejects.toThrow(message);
    expect(await unfinished()).toEqual([]);
  });

  it("says what the server answered, and that plain http is not fetched", async () => {
    listener = answer(404);
    await expect(fetched()).rejects.toThrow("the server answers 404 Not Found. Check the address.");
    listener = answer(403);
    await expect(fetched()).rejects.toThrow("It asks who you are");
    await expect(download("http://example.org/x.pkl", { folder })).rejects.toThrow("only https is fetched");
    await expect(download("http://127.0.0.1:9/x.pkl", { folder })).rejects.toThrow("cannot be fetched");
  });

  it("says that the disk is full, not that the connection broke", async ({ skip }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("mounting a small disk is not allowed here");
    }
    try {
      listener = serve('"v1"');
      await expect(fetched({ folder: disk })).rejects.toThrow("the disk is full");
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});

describe("an address", () => {
  it("is checked before anything is asked, and told without its secrets", () => {
    const shown = "https://…@host:99999/x?… is not a valid address";
    expect(() => parseAddress("https://me:secret@host:99999/x?token=1")).toThrow(shown);
    expect(shownAddress(parseAddress("https://me:secret@host/x?token=1#part"))).toBe("https://host/x?…");
    expect(() => checkAddress(new URL("http://localhost.example.org/"))).toThrow("only https");
    expect(() => checkAddress(new URL("https://127.0.0.1/x"), new URL("https://host/"))).toThrow("of this machine");
    expect(() => checkAddress(new URL("http://[::1]:8/x"), new URL("http://localhost/"))).not.toThrow();
  });

  it.each([
    ["https://host/a/net.pkl", "net.pkl"],
    ["https://host/%E0%A4%A.pkl", "_E0_A4_A.pkl"],
    [`https://host/${"x".repeat(300)}.onnx`, `${"x".repeat(55)}.onnx`],
    ["https://host/", "network"],
    ["https://host/a/%2e%2e", "network"],
    ["https://host/%2Fetc%2F..", "network"],
  ])("%s names a file %s", (address, name) => expect(fileNameOf(new URL(address))).toBe(name));
});

it("klish ends at once at a signal while a server is silent", async () => {
  let asked = (): void => undefined;
  const request = new Promise<void>((done) => {
    asked = done;
  });
  listener = asked;
  const args = ["generate", "--network", url(), "--seeds", "0", "--outdir", join(folder, "out")];
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, KLISH_CACHE: folder },
    stdio: "ignore",
  });
  await request;
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([143, null]);
});
