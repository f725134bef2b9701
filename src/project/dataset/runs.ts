import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explain, readIfThere } from "../storage/files.ts";

const runLog = z.object({
  command: z.string(),
  made: z.int().min(0),
  seconds: z.number().min(0),
  workers: z.int().min(1),
  /** Where the project of each label set and the generator were. */
  projects: z.array(z.string()),
  network: z.string(),
  /** And the other clusterings that were asked, if any. */
  agree: z.array(z.string()).optional(),
});
/** What differs between two runs that make the same bytes: kept beside them, and shown on the overview. */
export type RunLog = Readonly<z.infer<typeof runLog>>;

export const RUN_LOG = "runs.jsonl";

export async function logRun(folder: string, run: RunLog): Promise<void> {
  try {
    await appendFile(join(folder, RUN_LOG), `${JSON.stringify(run)}\n`);
  } catch (error) {
    throw explain(error, join(folder, RUN_LOG));
  }
}

/** The runs so far; a line that a kill cut short is left out, and one that no run writes. */
export async function readRuns(folder: string): Promise<RunLog[]> {
  const text = new TextDecoder().decode((await readIfThere(join(folder, RUN_LOG))) ?? new Uint8Array());
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [runLog.parse(JSON.parse(line))];
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
