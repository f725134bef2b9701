import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** A process of this machine. `start` tells it from a later one with its number; "" where the system does not say. */
export interface ProcessId {
  readonly pid: number;
  /** When it began, in the system's own way of counting; letters, digits and "_" only. */
  readonly start: string;
}

let own: ProcessId | undefined;

/** This process. */
export function thisProcess(): ProcessId {
  own ??= { pid: process.pid, start: startOf(process.pid) ?? "" };
  return own;
}

/** Whether the process still runs. One without a start counts by its number alone, and never as this process. */
export function isRunning({ pid, start }: ProcessId): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || (start === "" && pid === process.pid)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = startOf(pid);
  return start === "" || now === undefined ? now !== ENDED : now === start;
}

/** Of a process that has ended, but that its parent has not asked for. */
const ENDED = "ended";

/** Undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    if (process.platform === "win32") return undefined;
    if (process.platform !== "linux")
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" })
        .trim()
        .replaceAll(/\W+/g, "_");
    // proc(5): the command's name, in brackets, may hold blanks and brackets; of what follows, 1 is the state and 20 the start.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? ENDED : fields[19];
  } catch {
    return undefined;
  }
}
