/** What others may not do: pages of other sites, names in a stranger's folder, bodies without end. */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiError, type RouteName, routes } from "../../src/studio/api.ts";
import { startStudio } from "../../src/studio/server.ts";
import { handmadeDataset } from "../project/dataset/handmade.ts";
import { type OpenedStudio, openStudio, rawRequest } from "./openStudio.ts";

const SECRET = "what lies outside";
const HOSTILE = ["<img src=x onerror=alert(1)>", "\u202egnp", '"><svg onload=alert(1)>', "a b%2e%2e?#", "$(id)"];
let home: string;
let folder: string;
let studio: OpenedStudio;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "klish-secure-"));
  folder = join(home, "open");
  await mkdir(folder);
  await writeFile(join(home, "secret.txt"), SECRET);
  await handmadeDataset(join(folder, "data"));
  await symlink(home, join(folder, "data", "up"));
  await symlink(join(home, "secret.txt"), join(folder, "data", "link.txt"));
  await symlink(home, join(folder, "link"));
  await writeFile(join(folder, ".hidden"), SECRET);
  await mkdir(join(folder, ".git"));
  await writeFile(join(folder, ".git", "config"), SECRET);
  await writeFile(join(folder, "data", "page.html"), "<script>fetch('/api/workspace')</script>");
  await writeFile(join(folder, "data", "run.exe"), "MZ");
  for (const name of HOSTILE) await handmadeDataset(join(folder, name), { classes: hostileClasses() });
  studio = await openStudio(folder);
});
afterAll(async () => {
  await studio.close();
  await rm(home, { recursive: true, force: true });
});

function hostileClasses() {
  return HOSTILE.slice(0, 2).map((name, i) => ({ name, color: `#10203${i}`, background: false }));
}

const own = () => ({ host: `127.0.0.1:${studio.port}`, cookie: studio.cookie });
const addresses = [
  ...Object.values(routes).map(({ method, path }) => [method, path]),
  ...["/api/events", "/api/picture", "/api/mask", "/files/data/dataset.json", "/api/nothing"].map((path) => [
    "GET",
    path,
  ]),
  ["POST", "/api/paint"],
] as [string, string][];

describe.each(addresses)("%s %s", (method, path) => {
  const ask = (headers: Record<string, string>) => rawRequest(studio.port, { method, path, headers });

  it("is refused without the session, or with another one", async () => {
    const host = own().host;
    const origin = `http://${host}`;
    expect((await ask({ host, origin })).status).toBe(401);
    expect((await ask({ host, origin, cookie: studio.cookie.replace(/=.*/, "=x") })).status).toBe(401);
    expect((await ask({ host, authorization: `Bearer ${studio.token}x` })).status).toBe(401);
  });

  it("is refused to pages of others, though the browser sent the session", async () => {
    for (const origin of ["https://evil.example", "null", `http://localhost:${studio.port}`, "http://127.0.0.1:1"])
      expect((await ask({ ...own(), origin })).status, origin).toBe(403);
    for (const site of ["cross-site", "same-site"])
      expect((await ask({ ...own(), "sec-fetch-site": site })).status).toBe(403);
    if (method === "POST") expect((await ask(own())).status).toBe(403);
  });

  it("is refused under a name that leads here (DNS rebinding)", async () => {
    for (const host of [`evil.example:${studio.port}`, `127.0.0.1.evil.example`, `0.0.0.0:${studio.port}`, ""]) {
      const origin = `http://${host}`;
      for (const from of [{}, { origin }])
        expect([400, 403], host).toContain((await ask({ ...own(), host, ...from })).status);
    }
  });
});

describe("the page", () => {
  it("is shown to whoever has the session, with a strict policy", async () => {
    const page = await studio.fetch("/");
    expect(await page.text()).toContain("<title>studio</title>");
    const policy = page.headers.get("content-security-policy") as string;
    expect(policy).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
    for (const rule of ["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"])
      expect(policy).toContain(rule);
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    expect(page.headers.get("referrer-policy")).toBe("no-referrer");
    expect((await studio.fetch("/assets/studio.js")).headers.get("content-type")).toMatch("text/javascript");
  });

  it("says to a stranger where to go, and nothing else", async () => {
    const page = await fetch(studio.origin);
    expect(page.status).toBe(401);
    expect(await page.text()).toContain("Open the address that");
    expect((await fetch(`${studio.origin}/?token=x`)).headers.get("set-cookie")).toBeNull();
  });

  it("gives a cookie that no script reads and no other site sends, and keeps the token out of its address", async () => {
    const entered = await fetch(studio.url);
    expect(entered.headers.get("set-cookie")).toMatch(
      /^klish-[0-9a-f]{8}=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const text = await entered.text();
    expect(text).toContain('content="0; url=/"');
    // Chromium asks a page without one for /favicon.ico, now and then.
    expect(text).toContain('<link rel="icon" href="data:,">');
    expect(text).not.toContain(studio.token);
    expect(text).not.toContain(studio.cookie.split("=")[1]);
  });

  it("a ticket, which stands in the list of processes, lets in once", async () => {
    const ticket = studio.ticket();
    expect(ticket).not.toContain(studio.token);
    expect((await fetch(ticket)).headers.get("set-cookie")).not.toBeNull();
    expect((await fetch(ticket)).headers.get("set-cookie")).toBeNull();
  });
});

describe("files", () => {
  const status = async (path: string): Promise<number> => {
    const { status, text } = await rawRequest(studio.port, { path, headers: own() });
    expect(text).not.toContain(SECRET);
    return status;
  };

  it.each([
    "/files/../secret.txt",
    "/files/data/../../secret.txt",
    "/files/%2e%2e/secret.txt",
    "/files/data/%2e%2e/%2e%2e/secret.txt",
    "/files/data%2f..%2f..%2fsecret.txt",
    "/files/data/%252e%252e/%252e%252e/secret.txt",
    "/files/data/..%5c..%5csecret.txt",
    "/files//etc/passwd",
    "/files/%00/secret.txt",
    "/files/data/up/secret.txt",
    "/files/data/link.txt",
    "/files/link/secret.txt",
    "/files/.hidden",
    "/files/.git/config",
    "/files/%",
    "/files/",
    "/files/data",
    "/files/data/images",
    "/../secret.txt",
    "/%2e%2e/secret.txt",
    "/assets/../../secret.txt",
    "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
  ])("%s leads nowhere", async (path) => {
    expect(await status(path)).toBe(404);
  });

  it("no place is outside, by whatever way", async () => {
    for (const at of ["..", "../open/data", "link", "data/up", "/", "", ".", "data/", "data\u0000"])
      expect((await studio.fetch(`/api/dataset?at=${encodeURIComponent(at)}`)).status, at).toBe(404);
  });

  it("of a stranger's folder run in an origin of their own, if at all", async () => {
    const page = await studio.fetch("/files/data/page.html");
    expect(page.headers.get("content-security-policy")).toMatch(/^sandbox allow-scripts; default-src 'none'; /);
    const program = await studio.fetch("/files/data/run.exe");
    expect(program.headers.get("content-type")).toBe("application/octet-stream");
    expect(program.headers.get("content-disposition")).toBe("attachment");
    expect(program.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("hostile names", () => {
  it("of places and classes are data, and lead to their own files", async () => {
    const { places } = await studio.call("workspace", {});
    expect(places.map(({ at }) => at).sort()).toEqual([...HOSTILE, "data"].sort());
    for (const at of HOSTILE) {
      const answer = await studio.fetch(`/api/dataset?at=${encodeURIComponent(at)}`);
      expect(answer.headers.get("content-type")).toBe("application/json");
      const { classes, samples } = await studio.call("dataset", { at });
      expect(classes.map(({ name }) => name)).toEqual(HOSTILE.slice(0, 2));
      expect((await studio.fetch(samples[0].imageUrl)).status, samples[0].imageUrl).toBe(200);
    }
  });

  it("in an address come back as JSON that no browser takes for a page", async () => {
    const answer = await studio.fetch(`/api/project?at=${encodeURIComponent(HOSTILE[0])}`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("a list of jobs that a stranger put into the folder is not read", async () => {
    const jobs = { klish: "studio", version: 1, jobs: [{ id: "1", kind: "cluster", request: {}, state: "paused" }] };
    await writeFile(join(folder, "data", "studio.json"), JSON.stringify(jobs));
    expect((await studio.call("jobs", {})).jobs).toEqual([]);
  });
});

describe("large bodies", () => {
  const post = async (name: RouteName, query: string, headers: Record<string, string>, body: unknown) =>
    studio.fetch(`${routes[name].path}?${query}`, {
      method: "POST",
      headers,
      body: body as string,
      duplex: "half",
    } as RequestInit);

  it("JSON is bounded", async () => {
    const body = JSON.stringify({ kind: "report", request: { outdir: "x".repeat(2e6) } });
    const answer = await post("startJob", "", { "content-type": "application/json" }, body);
    expect([answer.status, apiError.parse(await answer.json()).message]).toEqual([
      413,
      "this is larger than 1 MB, the most that is taken.",
    ]);
  });

  it("a photo that says that it is too large is refused before it is sent", async () => {
    const socket = createConnection({ host: "127.0.0.1", port: studio.port });
    const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
    const { host, cookie } = own();
    socket.write(
      `POST /api/photo?into=photos&name=a.png HTTP/1.1\r\nhost: ${host}\r\norigin: http://${host}\r\ncookie: ${cookie}\r\ncontent-length: 1000000000\r\n\r\n`,
    );
    expect(await answered).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it("one that says nothing is counted: it ends early, and nothing of it is kept", async () => {
    const before = process.memoryUsage();
    let sent = 0;
    const piece = new Uint8Array(1 << 20);
    const endless = new ReadableStream({
      pull(controller) {
        sent += piece.length;
        if (sent > 1e9) controller.close();
        else controller.enqueue(piece);
      },
    });
    // The server ends the connection while it is sent: a refusal is read, or none.
    const answer = await post("addPhoto", "into=photos&name=a.png", {}, endless).catch(() => undefined);
    expect(answer?.status ?? 413).toBe(413);
    expect(sent).toBeLessThan(400e6);
    expect(await readdir(join(folder, "photos"))).toEqual([]);
    const now = process.memoryUsage();
    expect(now.rss - before.rss).toBeLessThan(300e6);
  });
});

describe("many at once", () => {
  it("answers 200 requests side by side", async () => {
    const paths = ["/api/workspace", "/api/dataset?at=data", "/files/data/dataset.json", "/api/jobs"];
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const answer = await studio.fetch(paths[i % paths.length]);
        return [answer.status, (await answer.text()).length > 2];
      }),
    );
    expect(answers).toEqual(Array(200).fill([200, true]));
  });
});

describe("startStudio()", () => {
  const options = async () => ({ page: join(home, "page") });

  it("opens a folder in one studio at a time", async () => {
    await expect(startStudio({ folder, ...(await options()) })).rejects.toThrow(`${folder} is in use by this process`);
  });

  it("says where a port is taken", async () => {
    const other = join(home, "other");
    const taken = startStudio({ folder: other, port: studio.port, ...(await options()) });
    await expect(taken).rejects.toThrow(`127.0.0.1, port ${studio.port}: another program listens there.`);
    // What failed to start gave the folder back.
    const next = await startStudio({ folder: other, ...(await options()) });
    await next.close();
  });

  it("shows of a project the project and what was made of it, and nothing else beside it", async () => {
    const within = await openStudio(join(folder, "data"));
    try {
      await handmadeDataset(join(folder, "data-2"));
      const { places, kind, open, prefix } = await within.call("workspace", {});
      expect({ kind, open, prefix }).toEqual({ kind: "dataset", open: "data", prefix: "data-" });
      expect(places.map(({ at }) => at).sort()).toEqual(["data", "data-2"]);
      const other = encodeURIComponent(HOSTILE[4]);
      expect((await within.fetch(`/files/${other}/dataset.json`)).status).toBe(404);
      expect((await within.fetch("/files/data-2/dataset.json")).status).toBe(200);
      const request = { outdir: "others", count: 1 };
      await expect(within.call("startJob", {}, { kind: "portraits", request })).rejects.toThrow("404: ");
    } finally {
      await within.close();
      await rm(join(folder, "data-2"), { recursive: true });
    }
  });

  it("leaves a folder that is only looked at as it was", async () => {
    expect(await readFile(join(home, "secret.txt"), "utf8")).toBe(SECRET);
    expect((await readdir(folder)).sort()).toEqual([".git", ".hidden", ...HOSTILE, "data", "link", "photos"].sort());
  });
});
