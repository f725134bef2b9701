/** Workers and runs as processes of the built command, and a dataset that they make. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
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

/** Samples that a dataset lists. */
export const samplesOf = async (folder: string): Promise<number> =>
  (await readFile(join(folder, "manifest.jsonl"), "utf8").catch(() => "")).split("\n").length - 1;
