/** What a queue may hold and who may work on it: lies, foreign tasks, other versions, other folders, eavesdroppers. */
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Job, Queue, Worker } from "bullmq";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../../src/dataset/png.ts";
import { hashOf } from "../../../src/project/dataset/sample.ts";
import { klish } from "../../cli/klish.ts";
import { contentOf, labelledProject } from "../dataset/project.ts";
import { kill, type Running, start, startWorker, until } from "./crew.ts";
import { hasRedis, startRedis, type TestServer } from "./servers.ts";

const ask = ["--count", "96", "--provider", "cpu", "--threads", "1", "--json", "--quiet"];

describe.skipIf(!hasRedis)("a queue on Redis (skipped where redis-server is not installed)", () => {
  let folder: string;
  let server: TestServer;
  let whole: Record<string, string>;
  let connection: { host: string; port: number; maxRetriesPerRequest: null };
  let running: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-trust-"));
    await labelledProject(folder);
    await klish("dataset", "--project", join(folder, "run"), "--outdir", join(folder, "whole"), ...ask);
    whole = await contentOf(join(folder, "whole"));
    server = await startRedis(join(folder, "redis"));
    connection = { host: "127.0.0.1", port: server.port, maxRetriesPerRequest: null };
  });
  afterEach(async () => {
    await Promise.all(running.map((r) => r.close()));
    running = [];
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const running1 = (one: Running): Running => {
    running.push({ close: () => kill(one) });
    return one;
  };
  const worker = (name: string): Running => running1(startWorker(folder, server.url, name));
  const dataset = (outdir: string, ...more: string[]): Running =>
    running1(
      start(folder, ["dataset", "--project", "run", "--outdir", outdir, "--queue", server.url, ...ask, ...more]),
    );
  /** Somebody who speaks the queue's language and answers one task as he likes. */
  const liar = (name: string, answer: (job: Job) => Promise<unknown>): Promise<void> =>
    new Promise((resolve, reject) => {
      const one = new Worker(
        "klish",
        async (job) => {
          await one.pause(true);
          return { worker: name, answer: await answer(job) };
        },
        { connection },
      );
      one.on("error", () => undefined);
      one.once("completed", () => resolve());
      one.once("failed", (_, error) => reject(error));
      running.push(one);
    });

  it("refuses by name who sends another shape, no numbers, or samples of another recipe; their pieces are done again", async () => {
    const other = join(folder, "other");
    await klish("dataset", "--project", join(folder, "run"), "--outdir", other, ...ask, "--resolution", "4");
    const outdir = "lied";
    const run = dataset(outdir);
    const linesOf = async (from: string, job: Job): Promise<string[]> => {
      const { at, end } = job.data.piece;
      return (await readFile(join(from, "manifest.jsonl"), "utf8"))
        .split("\n")
        .slice(at * 32, Math.min(end, at * 32 + 32));
    };
    const bytesOf = (lines: readonly string[]): number =>
      lines
        .map((line) => JSON.parse(line))
        .reduce((sum, { image, labels }) => sum + image.bytes + labels[0].mask.bytes, 0);
    const told = (lines: readonly string[]) => ({
      lines: lines.map((line) => `${line}\n`).join(""),
      samples: lines.length,
      bytes: bytesOf(lines),
    });
    /** The first sample of what each was given. */
    const first: Record<string, string> = {};
    const noted = (name: string, lines: readonly string[]): readonly string[] => {
      first[name] = JSON.parse(lines[0]).name;
      return lines;
    };
    await liar("liar-shape", async (job) => {
      const lines = await linesOf(join(folder, "whole"), job);
      const wide = encodePng({ width: 16, height: 4, data: new Uint8Array(64 * 3) });
      const changed = [];
      for (const line of lines) {
        const entry = JSON.parse(line);
        const target = join(folder, outdir, "images");
        await mkdir(join(folder, outdir, "masks"), { recursive: true });
        await mkdir(target, { recursive: true });
        await writeFile(join(target, `${entry.name}.png`), wide);
        await cp(
          join(folder, "whole", "masks", `${entry.name}.png`),
          join(folder, outdir, "masks", `${entry.name}.png`),
        );
        changed.push(JSON.stringify({ ...entry, image: hashOf(wide) }));
      }
      return told(noted("shape", changed));
    });
    await liar("liar-nan", async (job) => {
      const lines = await linesOf(join(folder, "whole"), job);
      const { lines: text, ...rest } = told(lines);
      return { ...rest, lines: text.replace(/"uncertain":[\d.]+/, '"uncertain":null') };
    });
    await liar("liar-stale", async (job) => told(noted("stale", await linesOf(other, job))));
    worker("honest");
    const { code, stdout, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    const { machines } = JSON.parse(stdout);
    expect(machines.refused).toEqual({
      "liar-shape": `worker liar-shape was refused: ${first["shape"]}: an image of 16x4 pixels, expected 8x8`,
      "liar-nan": "worker liar-nan was refused: line 1: labels, entry 1, uncertain: expected a number, got null",
      "liar-stale": `worker liar-stale was refused: ${first["stale"]}: labels of 16 pixels, expected 64`,
    });
    expect(Object.keys(machines.done)).toEqual(["honest"]);
    expect(await contentOf(join(folder, outdir))).toEqual(whole);
  });

  it("has a worker that was refused leave, with the reason", async () => {
    const queue = new Queue("klish", { connection });
    running.push(queue);
    const refused = [{ worker: "named", reason: "its masks have another size" }];
    const data = { klish: await version(), kind: "dataset-block", setup: {}, piece: {}, refused };
    const job = await queue.add("dataset-block", data);
    const { code, stderr } = await worker("named").ended;
    expect(code).toBe(1);
    expect(stderr).toContain("klish: the run refused this worker's answers: its masks have another size");
    await job.remove();
  });

  it("fails tasks that are none of klish's or name a place outside the root, and the worker goes on", async () => {
    const queue = new Queue("klish", { connection });
    running.push(queue);
    const honest = worker("careful");
    const sha = "0".repeat(64);
    const setup = {
      ...{ dataset: "set", datasetSha256: sha, projects: ["run"], agree: [], network: { path: "tiny.onnx" } },
      ...{ provider: "cpu", memory: 1 },
    };
    const piece = { at: 0, first: 0, end: 32 };
    const task = { klish: await version(), kind: "dataset-block", setup, piece, refused: [] };
    const foreign: [unknown, RegExp][] = [
      [{}, /careful: not a task of klish/],
      [{ ...task, more: 1 }, /unknown "more"/],
      [{ ...task, kind: "shell" }, /there is no work called "shell"/],
      [{ ...task, setup: { ...setup, dataset: "../set" } }, /dataset: expected a path inside the root/],
      [
        { ...task, setup: { ...setup, network: { path: "/etc/passwd" } } },
        /a dataset-block task that cannot be: network/,
      ],
      [{ ...task, setup: { ...setup, network: { shipped: "https://host/x" } } }, /network/],
      [{ ...task, setup: { ...setup, projects: ["a/../../b"] } }, /projects, entry 1: expected a path inside the root/],
      [{ ...task, piece: { ...piece, at: -1 } }, /at: expected at least 0/],
    ];
    for (const [data, reason] of foreign) {
      const job = await queue.add("x", data as object, { attempts: 1 });
      await until(String(reason), async () => (await job.getState()) === "failed", 60);
      expect((await queue.getJob(job.id as string))?.failedReason).toMatch(reason);
      await job.remove();
    }
    expect(honest.child.exitCode).toBe(null);
    const { code, stderr } = await dataset("after").ended;
    expect(code, stderr).toBe(0);
    expect(await contentOf(join(folder, "after"))).toEqual(whole);
  });

  it("puts a task back and leaves where this machine has another version, another recipe or another generator", async () => {
    const queue = new Queue("klish", { connection });
    running.push(queue);
    const data = { klish: "0.0.1", kind: "dataset-block", setup: {}, piece: {}, refused: [] };
    const job = await queue.add("dataset-block", data);
    const old = await worker("new").ended;
    expect(old.code).toBe(1);
    expect(old.stderr).toContain(`the run is of klish 0.0.1, this worker of ${await version()}`);
    expect(["delayed", "waiting"]).toContain(await job.getState());
    await job.remove();

    // Two other machines: one sees another dataset at the same place, one another generator.
    const run = dataset("set");
    await until("dataset.json", () =>
      stat(join(folder, "set", "dataset.json")).then(
        () => true,
        () => false,
      ),
    );
    const elsewhere = async (name: string, change: (root: string) => Promise<void>): Promise<string> => {
      const root = join(folder, `machine-${name}`);
      for (const part of ["run", "set", "tiny.onnx"])
        await cp(join(folder, part), join(root, part), { recursive: true });
      await change(root);
      const words = [
        "worker",
        "--queue",
        server.url,
        "--root",
        root,
        "--name",
        name,
        "--threads",
        "1",
        "--silence",
        "2",
      ];
      const { code, stderr } = await running1(start(folder, words)).ended;
      expect(code, stderr).toBe(1);
      return stderr;
    };
    const last = (said: string): string | undefined => said.trimEnd().split("\n").at(-1);
    const recipe = await elsewhere("stale", async (root) => {
      const path = join(root, "set", "dataset.json");
      await writeFile(path, (await readFile(path, "utf8")).replace('"count": 96', '"count": 95'));
    });
    expect(last(recipe)).toBe(
      `klish: ${join(folder, "machine-stale", "set")} is not the dataset that the run makes (its dataset.json differs): this machine sees another folder at its --root, or an older state of it.`,
    );
    const labels = await elsewhere("labels", async (root) => {
      await rm(join(root, "run", "tree.safetensors"));
    });
    expect(last(labels)).toBe(
      `klish: ${join(folder, "machine-labels", "run")} is not the project that this dataset was made from. Give that one with --project.`,
    );
    const generator = await elsewhere("generator", async (root) => {
      const bytes = await readFile(join(root, "tiny.onnx"));
      await writeFile(join(root, "tiny.onnx"), Buffer.concat([bytes, Buffer.from([0x32, 0x00])]));
    });
    expect(last(generator)).toBe(
      `klish: ${join(folder, "machine-generator", "tiny.onnx")} is not the generator that the project was made from (its content differs). Give that one with --network.`,
    );
    worker("right");
    const { code, stderr } = await run.ended;
    expect(code, stderr).toBe(0);
    expect(await contentOf(join(folder, "set"))).toEqual(whole);
  });

  it("says where no server answers, what is not shared, and stops at Ctrl-C; the same command goes on", async () => {
    const none = await start(folder, ["worker", "--queue", "redis://me:s3cret@127.0.0.1:1"]).ended;
    expect(none.code).toBe(1);
    expect(none.stderr).toMatch(/klish: redis:\/\/127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED/);
    expect(none.stderr).not.toContain("s3cret");
    await mkdir(join(folder, "small"), { recursive: true });
    const outside = await dataset("small/set", "--root", "small").ended;
    expect(outside.stderr).toContain("which the machines share");
    const run = dataset("stopped");
    await until("a task", async () => {
      const queue = new Queue("klish", { connection });
      const waiting = await queue.getWaitingCount();
      await queue.close();
      return waiting > 0;
    });
    run.child.kill("SIGINT");
    expect((await run.ended).code).toBe(130);
    const honest = worker("last");
    const { code, stderr } = await dataset("stopped").ended;
    expect(code, stderr).toBe(0);
    expect(await contentOf(join(folder, "stopped"))).toEqual(whole);
    honest.child.kill("SIGTERM");
    expect((await honest.ended).code).toBe(0);
  });

  it("speaks TLS with a password from the environment, which is in no file and no message", async () => {
    const tls = join(folder, "tls");
    await mkdir(tls, { recursive: true });
    const [key, certificate] = [join(tls, "key.pem"), join(tls, "cert.pem")];
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
        ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
      ],
      { stdio: "ignore" },
    );
    const secure = await startRedis(join(tls, "data"), [
      ...["--port", "0", "--tls-port", "PORT", "--tls-cert-file", certificate, "--tls-key-file", key],
      ...["--tls-auth-clients", "no", "--requirepass", "s3cret"],
    ]);
    try {
      const url = `rediss://127.0.0.1:${secure.port}`;
      const environment = { NODE_EXTRA_CA_CERTS: certificate, KLISH_QUEUE_PASSWORD: "s3cret" };
      const one = running1(startWorker(folder, url, "tls", environment));
      const words = ["dataset", "--project", "run", "--outdir", "secure", ...ask.filter((word) => word !== "--quiet")];
      const run = await start(folder, [...words, "--queue", url], environment).ended;
      expect(run.code, run.stderr).toBe(0);
      expect(await contentOf(join(folder, "secure"))).toEqual(whole);
      const inAddress = `rediss://:s3cret@127.0.0.1:${secure.port}`;
      const again = await start(folder, [...words, "--queue", inAddress, "--count", "100"], {
        NODE_EXTRA_CA_CERTS: certificate,
      }).ended;
      expect(again.code, again.stderr).toBe(0);
      for (const text of [run.stdout, run.stderr, again.stdout, again.stderr, one.output()])
        expect(text).not.toContain("s3cret");
      for (const file of await readdir(join(folder, "secure"), { recursive: true, withFileTypes: true }))
        if (file.isFile()) expect(await readFile(join(file.parentPath, file.name), "latin1")).not.toContain("s3cret");
      expect(await readFile(join(folder, "secure", "runs.jsonl"), "utf8")).toContain(`--queue ${url}`);
      const wrong = await start(folder, ["worker", "--queue", url], { ...environment, KLISH_QUEUE_PASSWORD: "other" })
        .ended;
      expect(wrong.stderr).toMatch(/does not answer \(.*WRONGPASS/);
      const unknown = await start(folder, ["worker", "--queue", url], { KLISH_QUEUE_PASSWORD: "s3cret" }).ended;
      expect(unknown.stderr).toMatch(/does not answer \(.*certificate/);
    } finally {
      await secure.stop();
    }
  });
});

const version = async (): Promise<string> =>
  JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8")).version;
