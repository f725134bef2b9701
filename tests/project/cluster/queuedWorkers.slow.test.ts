import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "bullmq";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "../../../src/pixels/shards/message.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import { answerSeat } from "../../../src/project/cluster/workers/mailbox.ts";
import { ShardServer } from "../../../src/project/cluster/workers/protocol.ts";
import { openNetwork } from "../../../src/project/network/network.ts";
import { parseQueueAddress } from "../../../src/project/queue/address.ts";
import { openValues } from "../../../src/project/queue/openValues.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import type { Progress } from "../../../src/tensor/progress.ts";
import { main } from "../../cli/klish.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";
import { start } from "../queue/crew.ts";
import { hasPostgres, hasRedis, startPostgres, startRedis, type TestServer } from "../queue/servers.ts";

const SHARDS = 4;

let folder: string;
let alone: Buffer;
let server: TestServer;
const workers = new Map<ChildProcess, string[]>();

/** `klish worker` on this queue. */
function startWorker(name: string, root = folder): ChildProcess {
  const words = [main, "worker", "--queue", server.url, "--root", root, "--name", name, "--silence", "2"];
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
      ...{
        network: join(folder, "tiny.onnx"),
        outdir,
        images: 6,
        initialClusters: 8,
        criterion: "paper",
        shards: SHARDS,
      },
      ...{ provider: "cpu", threads: 1, queue, root: folder },
    },
    { onProgress },
  );
  return readFile(join(outdir, "tree.safetensors"));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
  alone = await tree("alone", null);
});
afterEach(() => {
  for (const child of workers.keys()) child.kill("SIGKILL");
  workers.clear();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Three workers are killed as `kill -9` does, each in another phase, and the server is; others come. */
async function survives(): Promise<void> {
  const living = [startWorker("first"), startWorker("second")];
  const notes: string[] = [];
  const blow = (name: string): void => {
    living.shift()?.kill("SIGKILL");
    living.push(startWorker(name));
  };
  const blows = new Map<string, () => void>([
    ["sample the generator", () => blow("third")],
    ["group the pixels", () => blow("fourth")],
    ["train classifiers", () => void server.restart()],
    ["merge clusters", () => blow("fifth")],
  ]);
  const found = await tree("queued", server.url, ({ phase, note = "" }) => {
    if (phase === "workers of the queue") notes.push(note);
    blows.get(phase)?.();
    blows.delete(phase);
  });
  expect(found.equals(alone)).toBe(true);
  expect(blows.size).toBe(0);
  for (const name of ["first", "second"]) expect(notes).toContain(`${name} has come`);
  await rm(join(folder, "queued"), { recursive: true });
}

describe.skipIf(!hasRedis)("clustering by workers of a queue on Redis (skipped where it is not installed)", () => {
  beforeAll(async () => {
    server = await startRedis(join(folder, "redis"));
  });
  afterAll(() => server.stop());

  it("gives the tree of one process, where three workers are killed, and the server", survives);

  /** A worker that takes one seat, and answers what it likes in place of the truth. */
  function liar(name: string, change: (answer: { recipe: string; answers: { mean: Float64Array }[] }) => unknown) {
    const path = join(folder, "tiny.onnx");
    const shards = new ShardServer({
      openNetwork: () => openNetwork(path, { runtime: ortNode, provider: "cpu", threads: 1 }),
    });
    const connection = { host: "127.0.0.1", port: server.port, maxRetriesPerRequest: null };
    const worker = new Worker(
      "klish",
      async ({ data }) => {
        await worker.pause(true);
        const values = await openValues(parseQueueAddress(server.url), () => undefined);
        const lie = async (question: Uint8Array): Promise<Uint8Array> => {
          const truth = decodeMessage(await shards.reply(question)) as Parameters<typeof change>[0];
          return encodeMessage("answers" in truth ? change(truth) : truth);
        };
        try {
          await answerSeat(values, { ...data.piece, token: `${name}-0123456789ab`, silence: 2 }, lie);
        } finally {
          values.close();
        }
      },
      { connection },
    );
    worker.on("error", () => undefined);
    const said = new Promise<string>((resolve) => worker.once("failed", (_, error) => resolve(error.message)));
    return {
      said,
      async close() {
        await worker.close(true);
        await shards.close();
      },
    };
  }

  it("refuses by name who sends another shape, no numbers, another recipe's, or has another generator; their shards are done again", async () => {
    const root = join(folder, "other");
    await mkdir(root);
    await writeFile(
      join(root, "tiny.onnx"),
      tinyGenerator((x) => x),
    );
    const lies = {
      "liar-shape": "a wrong answer to spread: mean: expected 11 numbers",
      "liar-nan": "a wrong answer to spread: mean: expected finite numbers",
      "liar-stale": "it answers for another recipe than this run's",
      stranger: `${join(root, "tiny.onnx")} is not the generator of the run: its content differs`,
    };
    const liars = [
      liar("liar-shape", ({ recipe, answers }) => ({
        recipe,
        answers: answers.map((one) => ({ ...one, mean: one.mean.slice(1) })),
      })),
      liar("liar-nan", ({ recipe, answers }) => ({
        recipe,
        answers: answers.map((one) => ({ ...one, mean: one.mean.map(() => Number.NaN) })),
      })),
      liar("liar-stale", ({ answers }) => ({ recipe: "0".repeat(64), answers })),
    ];
    const stranger = startWorker("stranger", root);
    const refused = new Map<string, string>();
    try {
      const found = await tree("lied", server.url, ({ phase, note = "" }) => {
        const [, name, reason] = /^(\S+) was refused: (.*)$/.exec(note) ?? [];
        if (phase !== "workers of the queue" || name === undefined) return;
        refused.set(name, reason);
        if (refused.size === 4) startWorker("honest");
      });
      expect(Object.fromEntries(refused)).toEqual(lies);
      expect(found.equals(alone)).toBe(true);
      const names = ["liar-shape", "liar-nan", "liar-stale"] as const;
      for (const [i, name] of names.entries())
        expect(await liars[i].said).toBe(`the run refused this worker's answers: ${lies[name]}`);
      if (stranger.exitCode === null) await new Promise((resolve) => stranger.once("exit", resolve));
      expect(workers.get(stranger)?.join("")).toContain(
        `klish: the run refused this worker's answers: ${lies.stranger}\n`,
      );
    } finally {
      for (const one of liars) await one.close();
    }
  });
});

describe.skipIf(!hasPostgres)(
  "clustering by workers of a queue on PostgreSQL (skipped where it is not installed)",
  () => {
    let data: string;
    beforeAll(async () => {
      data = await mkdtemp(join(tmpdir(), "klish-pg-"));
      server = await startPostgres(data);
      const made = await start(folder, ["worker", "--queue", server.url, "--migrate", "--idle", "0"]).ended;
      expect(made.code, made.stderr).toBe(0);
    });
    afterAll(async () => {
      await server.stop();
      await rm(data, { recursive: true, force: true });
    });

    it("gives the tree of one process, where three workers are killed, and the server", survives);
  },
);
