import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadState } from "../../src/project/train/state.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { klish, main } from "./klish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-signals-"));
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
  const drawn = await klish("portraits", "--outdir", join(folder, "drawn"), "--count", "8", "--resolution", "16");
  expect(drawn.code).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** Starts klish, calls `act` once stderr holds `text`, and waits for its end. */
async function interrupted(args: readonly string[], text: string, act: (child: ChildProcess) => void): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  let acted = false;
  child.stdout.resume();
  child.stderr.on("data", (data: Buffer) => {
    stderr += data.toString();
    if (!acted && stderr.includes(text)) {
      acted = true;
      act(child);
    }
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return { code, signal, stderr };
}

const train = (run: string, ...more: string[]): string[] => [
  ...["train", "gan", "--data", join(folder, "drawn", "images"), "--outdir", join(folder, run)],
  ...["--resolution", "16", "--preset", "quick", "--metrics", "none", "--threads", "2", "--provider", "cpu"],
  ...more,
];

describe("klish train gan, asked to end in the middle of a step,", () => {
  it("saves its state and ends as `kill` ends a program, however often the same signal is passed on", async () => {
    // `timeout` signals its child and then its whole group; npx passes on what its child has got already.
    const { code, stderr } = await interrupted(train("run"), "train  ", (child) => {
      child.kill("SIGTERM");
      child.kill("SIGTERM");
    });
    expect(stderr).not.toContain("terminate called");
    expect({ code, stderr }).toMatchObject({ code: 143, stderr: expect.stringContaining("stopped; run the same") });
    expect(existsSync(join(folder, "run", ".lock"))).toBe(false);
    const { images } = (await loadState(join(folder, "run"))) ?? { images: 0 };
    const again = await klish(...train("run", "--kimg", String((images + 1) / 1000)));
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining("network ") });
  }, 60_000);

  it("ends at once at a second signal, and leaves nothing that keeps the next command from going on", async () => {
    const { code, signal, stderr } = await interrupted(train("run2"), "train  ", (child) => {
      child.kill("SIGTERM");
      child.kill("SIGINT");
    });
    expect(stderr).not.toContain("terminate called");
    // Of two that wait, the system delivers either first.
    expect(code).toBe(null);
    expect(["SIGINT", "SIGTERM"]).toContain(signal);
    expect(await klish(...train("run2", "--kimg", "0.001"))).toMatchObject({ code: 0 });
  }, 60_000);
});

describe("klish cluster", () => {
  const cluster = (run: string): string[] => [
    ...["cluster", "--network", join(folder, "tiny.onnx"), "--outdir", join(folder, run), "--images", "40"],
    ...["--init-clusters", "12", "--provider", "cpu", "--threads", "2"],
  ];

  it("goes on when nobody reads its output any more", async () => {
    const whole = await interrupted(cluster("read"), "sample the generator", () => undefined);
    const { code } = await interrupted(cluster("unread"), "sample the generator", ({ stdout, stderr }) => {
      stdout?.destroy();
      stderr?.destroy();
    });
    expect([whole.code, code]).toEqual([0, 0]);
    const tree = (run: string): Promise<Buffer> => readFile(join(folder, run, "tree.safetensors"));
    expect((await tree("unread")).equals(await tree("read"))).toBe(true);
    expect(existsSync(join(folder, "unread", "report.html"))).toBe(true);
  });

  it("stops when its terminal is closed, with a SIGHUP's exit code", async () => {
    const { code } = await interrupted(cluster("hung"), "sample the generator", (child) => child.kill("SIGHUP"));
    expect(code).toBe(129);
    expect(existsSync(join(folder, "hung", ".lock"))).toBe(false);
  });
});
