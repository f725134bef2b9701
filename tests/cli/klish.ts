import { execFile } from "node:child_process";
import { resolve } from "node:path";

/** The command as it is installed; `tests/build.ts` has built it. */
export const main = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** Runs klish in a process of its own. */
export function klish(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
