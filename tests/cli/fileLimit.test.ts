import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { main } from "./klish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-limit-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.skipIf(process.platform === "win32").each([32, 64])(
  "with a limit of %i open files klish says how to raise it, and has written nothing",
  async (limit) => {
    const command = `ulimit -n ${limit}; exec "$0" "$@"`;
    const args = [main, "generate", "--network", "portraits", "--seeds", "0", "--outdir", join(folder, "images")];
    const stderr = await new Promise<string>((done) => {
      execFile("sh", ["-c", command, process.execPath, ...args], (error, _, text) => done(`${error?.code}: ${text}`));
    });
    expect(stderr).toMatch(
      `1: klish: only ${limit} files may be open at once here, and klish needs more. Raise the limit with ulimit -n 1024`,
    );
    expect(stderr).not.toContain("node:internal");
    expect(await readdir(folder)).toEqual([]);
  },
);
