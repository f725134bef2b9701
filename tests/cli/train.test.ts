import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveClock } from "../../src/project/train/clock.ts";
import { newSettings } from "../../src/project/train/gan/settings.ts";
import { appendLog } from "../../src/project/train/log/log.ts";
import { saveRunSettings } from "../../src/project/train/settingsFile.ts";
import { klish } from "./klish.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-train-cli-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("klish train gan", () => {
  it.each([
    [["--resolution", "48"], 2, '--resolution: expected 16, 32, 64, 128, 256, 512 or 1024, got "48"'],
    [["--crop", "1,2,3"], 2, "expected centre, none, or x,y,w,h"],
    [["--cfg", "huge"], 2, '--preset: expected one of quick, auto, paper, got "huge"'],
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

it("klish info tells how far a training run came, with lines of its log", async () => {
  const run = join(folder, "info");
  const command = "npx klish train gan";
  const nothing = { crop: null, fit: null, resize: null, mirror: true, preset: null, hours: 3, tick: null, snap: null };
  const sizes = {
    channelBase: null,
    channelMax: null,
    mappingLayers: null,
    noise: null,
    resolution: null,
    grow: null,
    data: null,
  };
  const rates = { batch: 8, gamma: null, learningRate: null, aug: null, target: null, seed: null, kimg: 40 };
  const options = { ...nothing, ...sizes, ...rates };
  await saveRunSettings(run, newSettings(options, "/photos", 32, undefined, { command, versions: {}, from: null }));
  await saveClock(run, { images: 20_000, seconds: 3600 });
  for (let kimg = 1; kimg <= 20; kimg++) await appendLog(run, { images: kimg * 1000, kimg, lossD: kimg / 100 });
  const { code, stdout } = await klish("info", run);
  expect(code).toBe(0);
  expect(stdout).toContain(`StyleGAN2, 32x32, auto, batches of 8`);
  expect(stdout).toContain("20.0 of 40 kimg in 1 h 00 min of 3 h");
  // Half of the time each, and images of 32 pixels cost three times as much.
  expect(stdout).toContain("stages    16 px to 30.0 kimg or 1 h 30 min, 32 px\n");
  const lines = stdout.trim().split("\n").slice(-9);
  expect(lines[0]).toMatch(/^kimg +lossD$/);
  expect(lines.slice(1).map((line) => Number(line.split(/ +/)[0]))).toEqual([1, 4, 6, 9, 12, 15, 17, 20]);
});
