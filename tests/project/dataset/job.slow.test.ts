import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RandomState } from "../../../src/tensor/random.ts";
import { hasShared, shared } from "../../shared.ts";
import { contentOf, labelledProject } from "./project.ts";

const main = resolve(import.meta.dirname, "../../../src/cli/main.ts");
const SAMPLES = 2000;
const KILLS = 20;

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-kill-"));
  project = await labelledProject(folder, hasShared ? shared("gan/anime64.onnx") : undefined);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** Runs `klish dataset`; kills it after `killAfter` ms. */
function dataset(outdir: string, count: number, killAfter?: number): Promise<Ended> {
  const args = ["dataset", "--project", project, "--outdir", outdir, "--count", String(count), "--provider", "cpu"];
  const child = spawn(process.execPath, ["--import", "tsx", main, ...args, "--quiet"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  if (killAfter !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfter);
  return new Promise((done) => child.on("close", (code) => done({ code, stderr })));
}

const made = async (outdir: string): Promise<number> =>
  (await readFile(join(outdir, "manifest.jsonl"), "utf8").catch(() => "")).split("\n").length - 1;

describe("klish dataset", () => {
  it(`makes the same bytes whether or not it is killed ${KILLS} times`, async () => {
    const whole = join(folder, "whole");
    expect(await dataset(whole, SAMPLES)).toMatchObject({ code: 0 });
    const killed = join(folder, "killed");
    const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    console.log(`seed of the kills: ${seed}`);
    const random = new RandomState(seed);
    let hits = 0;
    for (let i = 0; i < KILLS; i++) {
      const before = await made(killed);
      // Starting takes about two seconds; later kills fall at random into the making, until half of it is done.
      const { code } = await dataset(killed, SAMPLES, 1000 + random.randint(before < SAMPLES / 2 ? 2500 : 1500));
      if (code === null) hits++;
    }
    console.log(`${hits} of ${KILLS} kills hit; ${await made(killed)} samples were there`);
    expect(hits).toBeGreaterThan(KILLS / 2);
    expect(await dataset(killed, SAMPLES)).toMatchObject({ code: 0 });
    expect(await contentOf(killed)).toEqual(await contentOf(whole));
  });

  it("stops at a full disk with one message, and continues when there is room", async ({ skip }) => {
    const disk = join(folder, "disk");
    await mkdir(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("a small disk cannot be mounted here");
    }
    try {
      const outdir = join(disk, "out");
      const { code, stderr } = await dataset(outdir, 300);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /^klish: [^\n]+: the disk is full\. Make room and run the same command again: it continues where it stopped\.\n$/,
      );
      const before = await made(outdir);
      expect((await readdir(join(outdir, "images"))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      execFileSync("mount", ["-o", "remount,size=64m", disk]);
      expect(await dataset(outdir, 300)).toMatchObject({ code: 0 });
      expect(before).toBeLessThan(300);
      const whole = join(folder, "roomy");
      await dataset(whole, 300);
      expect(await contentOf(outdir)).toEqual(await contentOf(whole));
      expect((await stat(join(outdir, "overview.html"))).size).toBeGreaterThan(1000);
    } finally {
      execFileSync("umount", [disk]);
    }
  });
});
