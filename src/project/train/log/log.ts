/** log.jsonl: one line a tick. */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { explain, readIfThere, writeAtomic } from "../../storage/files.ts";

/** A tick's figures by name: images, kimg, losses, …; measures of quality stand beside them. */
export type LogLine = Readonly<Record<string, number>> & { readonly images: number };

export const logPath = (run: string): string => join(run, "log.jsonl");

export async function appendLog(run: string, line: LogLine): Promise<void> {
  try {
    await appendFile(logPath(run), `${JSON.stringify(line)}\n`);
  } catch (error) {
    throw explain(error, logPath(run));
  }
}

/** The lines that are whole. */
export async function readLog(run: string): Promise<LogLine[]> {
  const text = new TextDecoder().decode((await readIfThere(logPath(run))) ?? new Uint8Array());
  return text.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [JSON.parse(line) as LogLine];
    } catch {
      // The line that a kill cut short: its tick is after the state, and will come again.
      return [];
    }
  });
}

/** Drops the lines after the state that a run continues from: their ticks come again. */
export async function cutLog(run: string, images: number): Promise<void> {
  const lines = await readLog(run);
  const kept = lines.filter((line) => line.images <= images);
  await writeAtomic(logPath(run), kept.map((line) => `${JSON.stringify(line)}\n`).join(""));
}
