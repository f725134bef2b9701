/**
 * Datasets by four workers while workers and the queue's server are killed: the bytes of one machine's run. The full figures of the promise take some
 * minutes on two cores: KLISH_QUEUE_SAMPLES=2000 npx vitest run --project slow tests/project/queue/kills.slow.test.ts
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { add, constant, matmul, reshape, tanh } from "../../../src/graph/ops/index.ts";
import type { Value } from "../../../src/graph/value.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { klish } from "../../cli/klish.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";
import { contentOf, labelledProject } from "../dataset/project.ts";
import { kill, type Running, samplesOf, start, startWorker, until } from "./crew.ts";
import { hasPostgres, hasRedis, startPostgres, startRedis, type TestServer } from "./servers.ts";

const SAMPLES = Number(process.env["KLISH_QUEUE_SAMPLES"] ?? 720);
const SEED = Number(process.env["KLISH_SEED"] ?? Math.floor(Math.random() * 1e6));
const WORKERS = 4;
const KILLS = 8;
const RESTARTS = 2;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-queue-"));
  await writeFile(join(folder, "slow.onnx"), tinyGenerator(laborious));
  await labelledProject(folder, join(folder, "slow.onnx"));
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const ask = (count: number): string[] => [
  ...["--count", String(count), "--provider", "cpu", "--threads", "1", "--json", "--quiet"],
];

/** Takes its time, so that there is something to kill: some seconds of work in all, by products of no use. */
function laborious(x: Value): Value {
  const size = 3 * 8 * 8;
  const table = (shape: number[], by: number): Value =>
    constant(
      shape,
      Float32Array.from({ length: size * INNER }, (_, i) => 0.02 * Math.sin(i * by)),
    );
  const [into, back] = [table([size, INNER], 1.3), table([INNER, size], 2.7)];
  const given = reshape(x, [1, size]);
  let flat = given;
  for (let i = 0; i < ROUNDS; i++) flat = tanh(matmul(tanh(matmul(flat, into)), back));
  return tanh(reshape(add(given, flat), [1, 3, 8, 8]));
}
const [INNER, ROUNDS] = [4096, 24];

async function survives(server: TestServer, outdir: string): Promise<void> {
  const random = new RandomState(SEED);
  const workers: Running[] = [];
  let names = 0;
  const hire = (): Running => startWorker(folder, server.url, `w${names++}`);
  let run: Running | undefined;
  try {
    for (let i = 0; i < WORKERS; i++) workers.push(hire());
    const blows = KILLS + RESTARTS;
    let [dealt, count] = [0, 0];
    const done = new Set<string>();
    // A machine that is faster than its blows gets more to do: the data set grows until all are dealt.
    while (dealt < blows) {
      const before = count;
      count += SAMPLES;
      run = start(folder, ["dataset", "--project", "run", "--outdir", outdir, "--queue", server.url, ...ask(count)]);
      let over = false;
      run.ended.then(() => {
        over = true;
      });
      // Spread over the run by what is done, not by time.
      for (let blow = 0; blow < blows && dealt < blows; blow++) {
        const at = before + Math.floor((blow / blows) * SAMPLES);
        await until(`sample ${at}`, async () => over || (await samplesOf(join(folder, outdir))) > at);
        if (over) break;
        if (dealt++ % 4 === 2) {
          await server.restart();
          continue;
        }
        const victim = random.randint(WORKERS);
        await kill(workers[victim]);
        workers[victim] = hire();
      }
      const { code, stdout, stderr } = await run.ended;
      expect({ code, stderr }, `seed ${SEED}`).toEqual({ code: 0, stderr: "" });
      const { samples, machines } = JSON.parse(stdout);
      expect(samples).toBe(count);
      expect(machines.refused).toEqual({});
      for (const name of Object.keys(machines.done)) done.add(name);
    }
    expect(done.size).toBeGreaterThan(1);
    // A worker that was killed after the run's end, while it did a piece again, leaves unfinished files: the same command removes them.
    for (const worker of workers) await kill(worker);
    await klish("dataset", "--project", join(folder, "run"), "--outdir", join(folder, outdir), ...ask(count));
    const alone = await klish(
      "dataset",
      "--project",
      join(folder, "run"),
      "--outdir",
      join(folder, "whole"),
      ...ask(count),
    );
    expect(alone.stderr).toBe("");
    expect(await contentOf(join(folder, outdir))).toEqual(await contentOf(join(folder, "whole")));
    await rm(join(folder, "whole"), { recursive: true });
  } finally {
    for (const running of [...workers, ...(run === undefined ? [] : [run])]) await kill(running);
  }
}

describe.skipIf(!hasRedis)("klish dataset --queue on Redis (skipped where redis-server is not installed)", () => {
  it(`makes one machine's bytes while ${KILLS} workers and ${RESTARTS} times the server are killed`, async () => {
    const server = await startRedis(join(folder, "redis"));
    try {
      await survives(server, "by-redis");
    } finally {
      await server.stop();
    }
  });
});

describe.skipIf(!hasPostgres)("klish dataset --queue on PostgreSQL (skipped where it is not installed)", () => {
  it(`makes one machine's bytes while ${KILLS} workers and ${RESTARTS} times the server are killed`, async () => {
    const server = await startPostgres(await mkdtemp(join(tmpdir(), "klish-pg-")));
    try {
      const early = await start(folder, ["worker", "--queue", server.url, "--idle", "0"]).ended;
      expect(early).toMatchObject({ code: 1 });
      expect(early.stderr).toContain("has no tables for queues");
      const made = await start(folder, ["worker", "--queue", server.url, "--migrate", "--idle", "0"]).ended;
      expect(made.code, made.stderr).toBe(0);
      await survives(server, "by-postgres");
    } finally {
      await server.stop();
    }
  });
});
