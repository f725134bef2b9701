/** Commands of klish as the steps of a long plan: each is run once, and what was done is kept in the folder. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { appendFile, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";

const MAIN = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** A folder of work that remembers which steps are done, and how long each took. */
export interface Workplace {
  readonly folder: string;
  path(...names: readonly string[]): string;
  /** Runs `klish <args>` in the folder, unless it was done before. Throws when the command fails. */
  klish(...args: readonly string[]): Promise<void>;
  /** Runs anything else once, under a name. */
  once(name: string, work: () => Promise<void>): Promise<void>;
}

export async function workplace(folder: string): Promise<Workplace> {
  await mkdir(folder, { recursive: true });
  const record = join(folder, "steps.jsonl");
  const done = new Set(
    existsSync(record)
      ? readFileSync(record, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => (JSON.parse(line) as { step: string }).step)
      : [],
  );
  const once = async (step: string, work: () => Promise<void>): Promise<void> => {
    if (done.has(step)) return;
    console.error(`${new Date().toISOString().slice(11, 19)} ${step}`);
    const started = performance.now();
    await work();
    const seconds = Math.round((performance.now() - started) / 1000);
    await appendFile(record, `${JSON.stringify({ step, seconds })}\n`);
    done.add(step);
  };
  return {
    folder,
    path: (...names) => join(folder, ...names),
    once,
    klish: (...args) => once(args.join(" "), () => run(args, folder)),
  };
}

async function run(args: readonly string[], cwd: string): Promise<void> {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said = (said + text).slice(-4000);
  });
  const code = await new Promise<number | null>((ended, failed) => child.on("error", failed).on("close", ended));
  if (code !== 0) throw new Error(`klish ${args.join(" ")} ended with ${code}:\n${said}`);
}
