import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProject } from "../../../src/project/cluster/project.ts";
import { readRuns } from "../../../src/project/dataset/runs.ts";
import { freshRecipe } from "../../../src/project/labels/recipe.ts";
import { saveRecipe } from "../../../src/project/labels/recipeFile.ts";
import { RandomState } from "../../../src/tensor/random.ts";
import { main } from "../../cli/klish.ts";
import { hasShared, shared } from "../../shared.ts";
import { contentOf, labelledProject } from "./project.ts";

const SAMPLES = 2000;
/** KLISH_KILLS=20 npx vitest run --project slow tests/project/dataset/job.slow.test.ts for more. */
const KILLS = Number(process.env["KLISH_KILLS"] ?? 5);

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-kill-"));
  project = await labelledProject(folder, hasShared ? shared("gan/anime64.onnx") : undefined);
  await saveRecipe(await openProject(project), freshRecipe(3), join(project, "coarse.json"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** When a run is killed: so many ms after its start, or after it has listed its first new samples. */
interface Kill {
  readonly after: "start" | "samples";
  readonly wait: number;
}

/** Runs `klish dataset` with two recipes and another layout; kills it where `kill` says so. */
function dataset(outdir: string, count: number, kill?: Kill): Promise<Ended> {
  const args = ["dataset", "--project", project, "--outdir", outdir, "--count", String(count), "--provider", "cpu"];
  const recipes = ["labels.json", "coarse.json"].flatMap((file) => ["--recipe", join(project, file)]);
  const child = spawn(process.execPath, [main, ...args, ...recipes, "--format", "voc", "--quiet"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  const end = new Promise<Ended>((done) => child.on("close", (code) => done({ code, stderr })));
  const die = (): void => void child.kill("SIGKILL");
  if (kill?.after === "start") setTimeout(die, kill.wait);
  if (kill?.after === "samples") {
    const listed = async (): Promise<number> =>
      (await stat(join(outdir, "manifest.jsonl")).catch(() => null))?.size ?? 0;
    void (async () => {
      const before = await listed();
      while (child.exitCode === null && (await listed()) <= before) await new Promise((done) => setTimeout(done, 10));
      setTimeout(die, kill.wait);
    })();
  }
  return end;
}

const made = async (outdir: string): Promise<number> =>
  (await readFile(join(outdir, "manifest.jsonl"), "utf8").catch(() => "")).split("\n").length - 1;

describe("klish dataset", () => {
  it(`makes the same bytes whether or not it is killed ${KILLS} times`, async () => {
    const whole = join(folder, "whole");
    expect(await dataset(whole, SAMPLES)).toMatchObject({ code: 0 });
    const [run] = await readRuns(whole);
    // All kills together use up about half of the time that the samples take.
    const wait = Math.ceil((1000 * run.seconds) / KILLS) + 1;
    const killed = join(folder, "killed");
    const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
    console.log(`seed of the kills: ${seed}`);
    const random = new RandomState(seed);
    let hits = 0;
    for (let i = 0; i < KILLS; i++) {
      // Every fourth falls into the start, where the folder is looked through; the others into the making.
      const kill: Kill =
        i % 4 === 3
          ? { after: "start", wait: 200 + random.randint(1500) }
          : { after: "samples", wait: random.randint(wait) };
      const { code } = await dataset(killed, SAMPLES, kill);
      if (code === null) hits++;
    }
    console.log(`${hits} of ${KILLS} kills hit; ${await made(killed)} samples were there`);
    expect(hits).toBeGreaterThan(0);
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
