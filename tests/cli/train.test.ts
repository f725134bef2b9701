import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const main = resolve(import.meta.dirname, "../../src/cli/main.ts");

function klish(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, ["--import", "tsx", main, ...args], (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-train-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("klish train gan", () => {
  it.each([
    [["--resolution", "48"], 2, "Expected 16, 32, 64, 128, 256, 512 or 1024"],
    [["--crop", "1,2,3"], 2, "expected centre, none, or x,y,w,h"],
    [["--cfg", "huge"], 2, "Allowed choices are quick, auto, paper"],
    [["--data", "/nowhere"], 1, "/nowhere: there is no such folder or file"],
  ])("%j ends with %i, says why, and makes no folder", async (args, expected, message) => {
    const outdir = join(folder, "run");
    const { code, stdout, stderr } = await klish(
      "train",
      "gan",
      "--outdir",
      outdir,
      ...args,
      "--quiet",
      "--provider",
      "cpu",
    );
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(message);
    expect(existsSync(outdir)).toBe(false);
  });
});
