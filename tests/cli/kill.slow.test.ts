import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RandomState } from "../../src/tensor/random.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { main } from "./klish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-kill-"));
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function cluster(outdir: string, stderr: "ignore" | "pipe" = "ignore"): ChildProcess {
  const options = ["--images", "300", "--init-clusters", "60", "--provider", "cpu", "--threads", "1"];
  const command = ["cluster", "--network", join(folder, "tiny.onnx"), "--outdir", outdir, ...options];
  return spawn(process.execPath, [main, ...command], { stdio: ["ignore", "ignore", stderr] });
}

async function finish(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

describe("klish cluster", () => {
  it("killed again and again at random times ends with the tree of an uninterrupted run", async () => {
    const whole = join(folder, "whole");
    const started = performance.now();
    expect(await finish(cluster(whole))).toBe(0);
    const duration = performance.now() - started;

    const broken = join(folder, "broken");
    const seed = Math.floor(Math.random() * 1e6);
    console.log(`kill times from seed ${seed}`);
    const random = new RandomState(seed);
    let code: number | null = null;
    for (let kills = 0; kills < 8; kills++) {
      const child = cluster(broken);
      const timer = setTimeout(() => child.kill("SIGKILL"), duration * random.randomSample());
      code = await finish(child);
      clearTimeout(timer);
      if (code === 0) break;
    }
    if (code !== 0) expect(await finish(cluster(broken))).toBe(0);
    const read = (name: string) => readFile(join(name, "tree.safetensors"));
    expect((await read(broken)).equals(await read(whole))).toBe(true);
    expect((await readdir(broken)).sort()).toEqual((await readdir(whole)).sort());
  });

  it("stopped by Ctrl-C says how to continue, and continues", async () => {
    const outdir = join(folder, "stopped");
    const child = cluster(outdir, "pipe");
    let stderr = "";
    let stopped = false;
    child.stderr?.on("data", (text: Buffer) => {
      stderr += text.toString();
      if (!stopped && stderr.includes("sample the generator")) stopped = child.kill("SIGINT");
    });
    expect(await finish(child)).toBe(130);
    expect(stderr).toContain("stopped; run the same command again to continue");
    expect(await readdir(outdir)).not.toContain(".lock");
    expect(await finish(cluster(outdir))).toBe(0);
  });
});
