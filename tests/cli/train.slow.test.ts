import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openGenerator, openPainter } from "../../src/node.ts";
import { readLog } from "../../src/project/train/log/log.ts";
import { RandomState } from "../../src/tensor/random.ts";
import { writePlainSet } from "../project/train/pictures.ts";
import { klish, main } from "./klish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-train-kill-"));
  await writePlainSet(join(folder, "set"), 24);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Networks of 16 and then 32 pixels and of 8 channels, a state after every step. */
function train(outdir: string, kimg: string, stderr: "ignore" | "pipe" = "ignore"): ChildProcess {
  const sizes = ["--resolution", "32", "--cbase", "128", "--cmax", "8", "--batch", "8", "--mirror"];
  const where = ["--provider", "cpu", "--threads", "1", "--data", join(folder, "set"), "--outdir", outdir];
  const often = ["--kimg", kimg, "--snap", "1", "--save", "0"];
  return spawn(process.execPath, [main, "train", "gan", ...where, ...sizes, ...often], {
    stdio: ["ignore", "ignore", stderr],
  });
}

async function finish(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

/** All files, without those that hold times. */
async function timeless(run: string): Promise<Record<string, string>> {
  const names = (await readdir(run, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/^(clock|settings|events|log|state-previous)/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(run.length + 1));
  const files = await Promise.all(names.sort().map((name) => readFile(join(run, name), "base64")));
  const log = (await readLog(run)).map(({ imagesPerSecond, seconds, memoryMB, ...line }) => JSON.stringify(line));
  return { ...Object.fromEntries(names.map((name, i) => [name, files[i]])), log: log.join("\n") };
}

/** Kills of a run at most: KLISH_KILLS=10 npx vitest run --project slow tests/cli/train.slow.test.ts for more. */
const KILLS = Number(process.env["KLISH_KILLS"] ?? 2);

/** Kills a run at random moments, lets it end, and expects the bytes of an uninterrupted one. */
async function expectSurvival(start: (outdir: string) => ChildProcess, name: string): Promise<string> {
  const whole = join(folder, `${name}-whole`);
  const started = performance.now();
  expect(await finish(start(whole))).toBe(0);
  const duration = performance.now() - started;

  const broken = join(folder, `${name}-broken`);
  const seed = Math.floor(Math.random() * 1e6);
  console.log(`kill times from seed ${seed}, ${Math.round(duration)} ms uninterrupted`);
  const random = new RandomState(seed);
  for (let kills = 0; kills < KILLS; kills++) {
    const child = start(broken);
    // Short lives, so that most of them end before training does.
    const timer = setTimeout(() => child.kill("SIGKILL"), duration * (0.1 + 0.3 * random.randomSample()));
    const code = await finish(child);
    clearTimeout(timer);
    if (code === 0) break;
  }
  expect(await finish(start(broken))).toBe(0);
  expect(await timeless(broken)).toEqual(await timeless(whole));
  return broken;
}

describe("klish train gan", () => {
  it("killed at random moments ends with the bytes of an uninterrupted run, which openGenerator() reads", async () => {
    const broken = await expectSurvival((outdir) => train(outdir, "1.2"), "gan");
    const generator = await openGenerator(join(broken, "network.safetensors"), { provider: "cpu" });
    expect(generator.info).toMatchObject({ family: "StyleGAN2", resolution: 32 });
    expect((await generator.generate({ seeds: [0, 1] })).image.shape).toEqual([2, 3, 32, 32]);
    await generator.dispose();
  });

  it("stopped by Ctrl-C says how to continue, leaves the newest network, and continues", async () => {
    const outdir = join(folder, "stopped");
    const child = train(outdir, "1", "pipe");
    let stderr = "";
    let stopped = false;
    child.stderr?.on("data", (text: Buffer) => {
      stderr += text.toString();
      if (!stopped && /^train /m.test(stderr)) stopped = child.kill("SIGINT");
    });
    expect(await finish(child)).toBe(130);
    expect(stderr).toContain("stopped; run the same command again to continue");
    const names = await readdir(outdir);
    expect(names).toContain("network.safetensors");
    expect(names).not.toContain(".lock");
    expect(await finish(train(outdir, "1"))).toBe(0);
  });
});

let portraits: string;
beforeAll(async () => {
  portraits = join(folder, "portraits");
  const drawn = await klish("portraits", "--outdir", portraits, "--count", "400", "--resolution", "32", "--quiet");
  expect(drawn.code).toBe(0);
});

describe("klish train painter", () => {
  it("killed at random moments ends with the bytes of an uninterrupted run, which openPainter() reads", async () => {
    const start = (outdir: string): ChildProcess => {
      const where = ["--provider", "cpu", "--threads", "1", "--data", portraits, "--outdir", outdir];
      const short = ["--resolution", "16", "--batch", "4", "--epochs", "0.4", "--save", "0"];
      return spawn(process.execPath, [main, "train", "painter", ...where, ...short], { stdio: "ignore" });
    };
    const broken = await expectSurvival(start, "painter");
    const painter = await openPainter(broken, { provider: "cpu" });
    expect(painter.about.classes.map(({ name }) => name)).toContain("hair");
    const [pixels] = await painter.paint([new Uint8Array(256).fill(1)], [painter.style(0)]);
    expect(pixels.length).toBe(1024);
    await painter.dispose();
  });
});

describe("klish train segmenter", () => {
  const start = (outdir: string, ...options: string[]): ChildProcess =>
    spawn(
      process.execPath,
      [
        main,
        "train",
        "segmenter",
        "--data",
        portraits,
        "--outdir",
        outdir,
        "--provider",
        "cpu",
        "--threads",
        "1",
        ...options,
      ],
      { stdio: "ignore" },
    );

  it("killed at random moments ends with the bytes of an uninterrupted run, photos without labels included", async () => {
    const photos = [
      "--unlabelled",
      join(folder, "set"),
      "--cfg",
      "small",
      "--batch",
      "4",
      "--epochs",
      "0.8",
      "--save",
      "0",
    ];
    const broken = await expectSurvival((outdir) => start(outdir, ...photos), "segmenter");
    expect((await readLog(broken)).at(-1)).toMatchObject({ mIoU: expect.any(Number), sure: expect.any(Number) });
  });

  it("learns the parts of portraits: mean IoU on those held back", async () => {
    const outdir = join(folder, "learned");
    const short = [
      "--cfg",
      "small",
      "--batch",
      "8",
      "--lr",
      "0.004",
      "--augment",
      "none",
      "--class-weights",
      "balanced",
    ];
    expect(await finish(start(outdir, ...short, "--epochs", "30"))).toBe(0);
    const best = Math.max(...(await readLog(outdir)).map((line) => line["mIoU"] ?? 0));
    console.log(`mean IoU ${best}`);
    expect(best).toBeGreaterThan(0.55);
  });
});
