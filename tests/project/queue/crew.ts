/** Workers and runs as processes of the built command, and a dataset that they make. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Job, Queue, Worker } from "bullmq";
import { main } from "../../cli/klish.ts";

export interface Running {
  readonly child: ChildProcess;
  /** What it has said so far. */
  readonly output: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Starts klish in a folder. */
export function start(folder: string, args: readonly string[], environment: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: { ...process.env, ...environment } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => {
    stdout += data;
  });
  child.stderr.on("data", (data) => {
    stderr += data;
  });
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, stdout, stderr })),
  );
  return { child, output: () => stdout + stderr, ended };
}

/** A worker that misses others after two seconds. */
export const startWorker = (
  folder: string,
  url: string,
  name: string,
  environment: Record<string, string> = {},
): Running =>
  start(folder, ["worker", "--queue", url, "--name", name, "--threads", "1", "--silence", "2"], environment);

export async function kill(running: Running, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  running.child.kill(signal);
  await running.ended;
}

/** Waits until something holds. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, seconds = 300): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`${what} did not come`);
    await pause(50);
  }
}

/** Whole lines of a file; 0 where it is not there. */
export const linesIn = async (path: string): Promise<number> =>
  (await readFile(path, "utf8").catch(() => "")).split("\n").length - 1;

/** Samples that a dataset lists. */
export const samplesOf = (folder: string): Promise<number> => linesIn(join(folder, "manifest.jsonl"));

/** Tasks that wait in the queue of a Redis on this machine. */
export async function waitingIn(port: number): Promise<number> {
  const queue = new Queue("klish", { connection: { host: "127.0.0.1", port, maxRetriesPerRequest: null } });
  try {
    return await queue.getWaitingCount();
  } finally {
    await queue.close();
  }
}

/** Somebody who speaks the queue's language and answers one task of a Redis on this machine as he likes; it resolves when he has, and left. */
export async function liar(port: number, name: string, answer: (job: Job) => Promise<unknown>): Promise<void> {
  const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
  let one: Worker | undefined;
  await new Promise<void>((resolve, reject) => {
    const worker = new Worker(
      "klish",
      async (job) => {
        await worker.pause(true);
        return { worker: name, answer: await answer(job) };
      },
      { connection },
    );
    worker.on("error", () => undefined);
    worker.once("completed", () => resolve());
    worker.once("failed", (_, error) => reject(error));
    one = worker;
  }).finally(() => one?.close());
}
