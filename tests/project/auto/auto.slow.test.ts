import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { autoJob } from "../../../src/project/auto/job.ts";
import { stages } from "../../../src/project/auto/stages.ts";
import { portraitsJob } from "../../../src/project/portraits/job.ts";

let folder: string;
/** Portraits of 32 px, as if they were photos. */
let photos: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-auto-"));
  const made = { outdir: join(folder, "portraits"), count: 120, resolution: 32, firstSeed: 0, threads: 1 };
  await portraitsJob({ ...made, split: { val: 0, test: 0 } }, {});
  photos = join(folder, "photos");
  await rename(join(folder, "portraits", "images"), photos);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("goes from photos to their masks, stopped in both trainings and run again", async () => {
  const outdir = join(folder, "parts");
  const asked = {
    data: photos,
    outdir,
    hours: 0.005,
    resolution: 32,
    pictures: 100,
    provider: "cpu",
    threads: 1,
  } as const;
  for (const number of [2, 5]) {
    const controller = new AbortController();
    // Some way into the stage, not at its beginning.
    let reports = 0;
    const stopped = autoJob(asked, {
      signal: controller.signal,
      onProgress: ({ phase }) => {
        if (phase.startsWith(`${number}/6`) && ++reports === 3) controller.abort(new Error("stopped"));
      },
    });
    await expect(stopped).rejects.toThrow("stopped");
  }
  const done = await autoJob(asked);
  expect(done.stages.map(({ name }) => name)).toEqual(stages.map(({ name }) => name));
  // A minute of training is too little, and the page says so.
  expect(done.stages.flatMap(({ warnings }) => warnings).join(" ")).toContain("below about 1,000");
  expect(await readdir(join(done.masks, "masks"))).toHaveLength(120);
  const page = await readFile(done.page, "utf8");
  for (const { title } of stages) expect(page).toContain(title);
  expect(page).not.toContain("Not done yet");
  // Once more: nothing is done again.
  const before = await readFile(join(outdir, "auto.json"), "utf8");
  await autoJob(asked);
  expect(await readFile(join(outdir, "auto.json"), "utf8")).toBe(before);
  expect(existsSync(join(outdir, ".lock"))).toBe(false);
});
