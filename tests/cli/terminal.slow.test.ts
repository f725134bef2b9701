import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { progressBar } from "../../src/cli/progressBar.ts";
import { table } from "../../src/cli/table.ts";
import { encodePng } from "../../src/dataset/png.ts";
import { encodeOnnx } from "../../src/graph/onnxModel.ts";
import { klish } from "./klish.ts";

/** A title, a cleared line, a line that looks like ours, a C1 control, a bell, text turned round. */
const NASTY = "x\u001b]0;pwned\u0007\u001b[2K\r0 pairs: no faults\nall fine\u009b31m\u202e";
const SHOWN = "x\\x1b]0;pwned\\x07\\x1b[2K\\r0 pairs: no faults\\nall fine\\x9b31m\\u202e";
const CONTROLS = /(?!\n)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-terminal-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("names from files", () => {
  it("are shown by klish check, and neither obeyed nor taken for a line of its own", async () => {
    const png = encodePng({ width: 2, height: 2, data: new Uint8Array(4) });
    for (const part of ["images", "masks"]) await mkdir(join(folder, part));
    await writeFile(join(folder, "images", `${NASTY}.png`), png);
    for (const part of ["images", "masks"]) await writeFile(join(folder, part, "a.png"), png);
    const classes = [{ id: 0, name: NASTY, color: "#000000", background: true }];
    await writeFile(join(folder, "classes.json"), JSON.stringify({ ignore: 255, classes }));
    const { code, stdout, stderr } = await klish("check", folder, "--format", "folders");
    expect(code).toBe(1);
    expect(stdout).toContain(SHOWN);
    for (const text of [stdout, stderr]) expect(text).not.toMatch(CONTROLS);
    expect(stdout.split("\n")).not.toContain("all fine");
    const json = await klish("check", folder, "--format", "folders", "--json", "--quiet");
    expect(json.stdout.trimEnd()).not.toMatch(/[\p{Cc}\u202e]/u);
    expect(JSON.stringify(JSON.parse(json.stdout))).toContain(JSON.stringify(NASTY).slice(1, -1));
  }, 30_000);

  it("are shown in an error, whose further lines are set in", async () => {
    const missing = join(folder, NASTY);
    for (const args of [
      ["check", missing],
      ["info", missing],
      ["report", missing],
    ]) {
      const { code, stderr } = await klish(...args);
      expect(code).toBe(1);
      expect(stderr).not.toMatch(CONTROLS);
      expect(stderr).toMatch(/^klish: /);
      for (const line of stderr.trimEnd().split("\n").slice(1)) expect(line).toMatch(/^ {2}/);
    }
    const usage = await klish("check", folder, `--${NASTY}`);
    expect(usage.code).toBe(2);
    expect(usage.stderr).not.toMatch(CONTROLS);
  }, 30_000);
});

describe("a model that fails", () => {
  it("has its own names in no line that a terminal obeys: ONNX Runtime prints nothing itself", async () => {
    const name = "image\u001b]0;pwned\u0007\u001b[31mall fine\nno faults";
    const wrong = new Uint8Array(BigInt64Array.of(7n, 3n, 8n, 8n).buffer);
    const model = encodeOnnx({
      nodes: [{ opType: "Reshape", inputs: ["z", "shape"], outputs: [name], attributes: {} }],
      initializers: [{ name: "shape", dims: [4], dataType: 7, rawData: wrong }],
      inputs: [{ name: "z", elementType: 1, shape: ["n", 4] }],
      outputs: [{ name, elementType: 1, shape: ["n", 3, 8, 8] }],
    });
    const file = join(folder, "evil.onnx");
    await writeFile(file, model);
    const { code, stdout, stderr } = await klish("info", file);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^klish: /);
    expect(stderr).not.toMatch(CONTROLS);
    expect(stderr).not.toContain("E:onnxruntime");
  }, 30_000);
});

describe("table()", () => {
  it("aligns what is shown", () => {
    expect(
      table([
        ["a\u001b[1m", "1"],
        ["b\n", "2"],
      ]),
    ).toEqual(["a\\x1b[1m  1", "b\\n       2"]);
  });
});

describe("progressBar()", () => {
  it.each([true, false])("shows phases and notes from files as text (terminal: %s)", (isTTY) => {
    const pieces: string[] = [];
    const bar = progressBar({ isTTY, columns: 200, write: (text) => pieces.push(text) });
    bar.update({ phase: `p\u001b[2J`, done: 1, total: 2, note: NASTY });
    bar.finish();
    // Ours: back to the line's beginning, clear to its end, the line's end.
    const theirs = pieces.join("").replace(/^\r/, "").replace("\u001b[K", "").replace(/\n$/, "");
    expect(theirs).not.toMatch(CONTROLS);
    expect(theirs).not.toContain("\n");
    expect(theirs).toContain("p\\x1b[2J");
    expect(theirs).toContain(SHOWN);
  });
});
