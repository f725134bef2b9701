import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { klish } from "./klish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-numbers-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it.each([
  [
    ["cluster", "--network", "portraits", "--seed", "4294967296"],
    "--seed: expected an integer between 0 and 4294967295",
  ],
  [
    ["cluster", "--network", "portraits", "--images", "99999999999"],
    "--images: expected an integer between 1 and 10000000",
  ],
  [["cluster", "--network", "portraits", "--seed", "0x10"], 'got "0x10"'],
  [["cluster", "--network", "portraits", "--seeds", "1,1"], "--seeds: seed 1 is given twice"],
  [["train", "gan", "--data", "x", "--kimg", "Infinity"], 'got "Infinity"'],
  [["portraits", "--count", "99999999999"], "seeds end at 4294967295"],
  [["generate", "--network", "portraits", "--seeds", "0", "--threads", "99999999999"], "between 1 and 4096"],
])("klish %j is refused before anything is written, with 2", async (args, message) => {
  const { code, stdout, stderr } = await klish(...args, "--outdir", join(folder, "out"), "--quiet");
  expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
  expect(await readdir(folder)).toEqual([]);
});
