import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { encodeMessage } from "../../../src/pixels/shards/message.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import type { Progress } from "../../../src/tensor/progress.ts";
import { main } from "../../cli/klish.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";
import { hasRedis, startRedis, type TestServer } from "../queue/servers.ts";

let folder: string;
let server: TestServer;
let alone: Buffer;
const workers = new Map<ChildProcess, string[]>();

/** `klish worker` on this queue. */
function startWorker(name: string, root = folder): ChildProcess {
  const words = [main, "worker", "--queue", server.url, "--root", root, "--name", name, "--silence", "3"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (text: Buffer) => said.push(text.toString("utf8")));
  workers.set(child, said);
  return child;
}

async function tree(name: string, queue: string | null, onProgress: (p: Progress) => void = () => undefined) {
  const outdir = join(folder, name);
  await clusterJob(
    {
      ...{ network: join(folder, "tiny.onnx"), outdir, images: 6, initialClusters: 8, criterion: "paper", shards: 4 },
      ...{ provider: "cpu", threads: 1, queue, root: folder },
    },
    { onProgress },
  );
  return readFile(join(outdir, "tree.safetensors"));
}

describe.skipIf(!hasRedis)("clustering by workers of a queue", () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-test-"));
    await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
    server = await startRedis(join(folder, "redis"));
    alone = await tree("alone", null);
  });
  afterEach(() => {
    for (const child of workers.keys()) child.kill("SIGKILL");
    workers.clear();
  });
  afterAll(async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("gives the tree of one process, where workers are killed, the server too, and others come", async () => {
    const first = startWorker("first");
    startWorker("second");
    const notes: string[] = [];
    const at = new Map<string, () => void>([
      ["train on near pixels", () => void first.kill("SIGKILL")],
      ["merge clusters", () => void server.restart().then(() => startWorker("third"))],
    ]);
    const found = await tree("queued", server.url, ({ phase, note = "" }) => {
      if (phase === "workers of the queue") notes.push(note);
      at.get(phase)?.();
      at.delete(phase);
    });
    expect(found.equals(alone)).toBe(true);
    expect(notes).toContain("first has come");
    expect(notes).toContain("second has come");
    expect(at.size).toBe(0);
  });

  it("refuses by name who lies, and a worker of another generator, which ends and says why", async () => {
    const other = join(folder, "other");
    await rm(other, { recursive: true, force: true });
    await (await import("node:fs/promises")).mkdir(other);
    await writeFile(
      join(other, "tiny.onnx"),
      tinyGenerator((x) => x),
    );
    const stranger = startWorker("stranger", other);
    const notes: string[] = [];
    // Sits where nobody gave it a seat, and answers whatever it is asked.
    const liar = new Redis(server.url);
    const lie = setInterval(async () => {
      for (const key of await liar.keys("klish:cluster:*:here")) {
        const run = key.split(":")[2];
        const token = "liar-0123456789ab";
        await liar.set(`klish:cluster:${run}:seat:3`, token, "PX", 2000, "NX");
        await liar.set(`klish:cluster:${run}:${token}:answer:0`, Buffer.from(encodeMessage({ a: Float64Array.of(1) })));
      }
    }, 100);
    const found = tree("lied", server.url, ({ phase, note = "" }) => {
      if (phase === "workers of the queue") notes.push(note);
      if (note.startsWith("stranger was refused")) startWorker("honest");
    });
    expect((await found).equals(alone)).toBe(true);
    clearInterval(lie);
    liar.disconnect();
    expect(notes).toContain("liar was refused: expected an answer, got something else");
    const refusal = "is not the generator of the run: its content differs";
    expect(notes.find((note) => note.startsWith("stranger was refused"))).toContain(refusal);
    if (stranger.exitCode === null) await new Promise((resolve) => stranger.once("exit", resolve));
    expect(workers.get(stranger)?.join("")).toContain(refusal);
  });
});
