import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { explain, readIfThere } from "../storage/files.ts";

/** What differs between two runs that make the same bytes: kept beside them, and shown on the overview. */
export interface RunLog {
  readonly command: string;
  readonly made: number;
  readonly seconds: number;
  readonly workers: number;
  /** Where the project of each label set and the generator were. */
  readonly projects: readonly string[];
  readonly network: string;
}

export const RUN_LOG = "runs.jsonl";

export async function logRun(folder: string, run: RunLog): Promise<void> {
  try {
    await appendFile(join(folder, RUN_LOG), `${JSON.stringify(run)}\n`);
  } catch (error) {
    throw explain(error, join(folder, RUN_LOG));
  }
}

/** The runs so far; a line that a kill cut short is left out. */
export async function readRuns(folder: string): Promise<RunLog[]> {
  const text = new TextDecoder().decode((await readIfThere(join(folder, RUN_LOG))) ?? new Uint8Array());
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as RunLog];
    } catch {
      return [];
    }
  });
}

export const size = (bytes: number): string =>
  bytes < 1e6
    ? `${Math.round(bytes / 1e3)} kB`
    : bytes < 1e9
      ? `${(bytes / 1e6).toFixed(1)} MB`
      : `${(bytes / 1e9).toFixed(2)} GB`;
