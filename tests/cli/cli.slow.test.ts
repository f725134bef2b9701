import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatSeconds, progressBar } from "../../src/cli/progressBar.ts";
import { exportSafetensors } from "../../src/gan/exportNetwork.ts";
import { buildNetwork } from "../../src/gan/openGenerator.ts";
import { tinyStyleGan2 } from "../gan/tinyStyleGan2.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { klish } from "./klish.ts";

let folder: string;
let network: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-cli-"));
  network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("klish", () => {
  it("clusters in one command, with the report's path on stdout and progress on stderr", async () => {
    const outdir = join(folder, "run");
    const args = [
      "cluster",
      "--network",
      network,
      "--outdir",
      outdir,
      "--images",
      "4",
      "--init-clusters",
      "6",
      "--provider",
      "cpu",
    ];
    const { code, stdout, stderr } = await klish(...args);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stdout).toContain(`report  ${join(outdir, "report.html")}`);
    expect(stderr).toContain("merge");
    const info = await klish("info", outdir, "--json");
    expect(JSON.parse(info.stdout)).toMatchObject({ complete: true, settings: { initialClusters: 6 } });
    const again = await klish("report", outdir, "--quiet", "--provider", "cpu");
    expect(again).toMatchObject({ code: 0, stderr: "" });
  }, 60_000);

  it("generates images under NVIDIA's names, and a sheet", async () => {
    const outdir = join(folder, "images");
    const { code, stdout } = await klish(
      "generate",
      "--network",
      network,
      "--seeds",
      "0,5-6",
      "--outdir",
      outdir,
      "--sheet",
      "2",
      "--json",
    );
    expect(code).toBe(0);
    expect((await readdir(outdir)).sort()).toEqual(["seed0000.png", "seed0005.png", "seed0006.png", "sheet.png"]);
    expect(JSON.parse(stdout)).toHaveLength(4);
    expect((await readFile(join(outdir, "seed0000.png"))).subarray(1, 4).toString()).toBe("PNG");
  });

  it("shows what a generator holds", async () => {
    const { code, stdout } = await klish("info", network, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ family: "ONNX", resolution: 8, zDim: 4 });
  });

  it("prints the nodes of a checkpoint's generator with its gains folded into the weights", async () => {
    const file = join(folder, "tiny.safetensors");
    await writeFile(file, exportSafetensors(buildNetwork(tinyStyleGan2({ useNoise: false }))));
    const { code, stdout } = await klish("info", "--graph", file);
    expect(code).toBe(0);
    expect(stdout).toContain("z [1,4] = Input");
    expect(stdout).toMatch(/image \[1,3,8,8\] = Output\(%\d+\)/);
    expect(stdout).not.toMatch(/= \w+\(#\d+\)|= \w+\(#\d+, (#\d+|[-\d.]+)\)/);
  });

  it.each([
    [["cluster"], 2, "required option '--network <file>' not specified"],
    [["nonsense"], 2, "unknown command 'nonsense'"],
    [["generate", "--network", "x", "--outdir", "y", "--seeds", "b"], 2, "expected seeds such as 0,1,4-6"],
    [
      ["cluster", "--network", "x", "--outdir", "y", "--init-clusters", "1"],
      2,
      "--init-clusters: expected an integer of at least 2, got 1",
    ],
    [["info", "/nowhere.onnx"], 1, "there is no such file"],
  ])("%j ends with %i and says why", async (args, expected, message) => {
    const { code, stdout, stderr } = await klish(...args);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(message);
  });

  it.each([
    ["page.pkl", "<!DOCTYPE html><html>", /web page/i],
    ["pointer.pkl", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", /lfs/i],
    ["empty.pkl", "", /empty/i],
    ["noise.pkl", "\u0007nonsense", /./],
  ])("refuses %s with one line that helps, and makes no folder", async (name, content, message) => {
    const file = join(folder, name);
    await writeFile(file, content);
    const outdir = join(folder, `out-${name}`);
    const { code, stderr } = await klish("cluster", "--network", file, "--outdir", outdir, "--quiet");
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^klish: [^\n]+\n$/);
    expect(existsSync(outdir)).toBe(false);
  });
});

describe("progressBar()", () => {
  it("draws a bar with the time left, and a line per phase", () => {
    let time = 0;
    const written: string[] = [];
    const bar = progressBar({ isTTY: true, columns: 120, write: (text) => written.push(text) }, () => time);
    bar.update({ phase: "merge", done: 0, total: 10 });
    time = 4000;
    bar.update({ phase: "merge", done: 4, total: 10, note: "K = 6" });
    expect(written.at(-1)).toContain("40% 6.0 s left K = 6");
    time = 10_000;
    bar.update({ phase: "merge", done: 10, total: 10 });
    bar.finish();
    expect(written.at(-2)).toContain("100% 10.0 s");
    expect(written.at(-1)).toBe("\n");
  });

  it("narrows the bar where the note would not fit", () => {
    const written: string[] = [];
    const bar = progressBar({ isTTY: true, columns: 80, write: (text) => written.push(text) }, () => 0);
    const note = "12.3 kimg, 6.6 images/s, D 0.71 G 1.02";
    bar.update({ phase: "train", done: 1, total: 2, note });
    // 79 columns: 22 for the name, 4 for the share, 38 for the note, 3 blanks; 12 are left.
    expect(written[0]).toBe(`\r${"train".padEnd(22)} ${"█".repeat(6)}${"░".repeat(6)}  50% ${note}\u001b[K`);
    bar.update({ phase: "merge", done: 1, total: 2, note: "K = 6" });
    expect(written.at(-1)).toContain(` ${"█".repeat(12)}${"░".repeat(12)} `);
  });

  it("gives a phase that begins again a line of its own", () => {
    const written: string[] = [];
    const bar = progressBar({ isTTY: false, write: (text) => written.push(text) }, () => 0);
    for (const done of [0, 10, 3, 10]) bar.update({ phase: "merge", done, total: 10 });
    expect(written.map((line) => /\d+%/.exec(line)?.[0])).toEqual(["0%", "100%", "30%", "100%"]);
  });

  it("does not credit a resumed phase with earlier work", () => {
    let time = 0;
    const written: string[] = [];
    const bar = progressBar({ isTTY: true, columns: 120, write: (text) => written.push(text) }, () => time);
    bar.update({ phase: "merge", done: 50, total: 100 });
    time = 10_000;
    bar.update({ phase: "merge", done: 60, total: 100 });
    expect(written.at(-1)).toContain("40.0 s left");
  });
});

it("formatSeconds() reads well", () => {
  expect([7.31, 65, 3725].map(formatSeconds)).toEqual(["7.3 s", "1 min 05 s", "1 h 02 min"]);
});
