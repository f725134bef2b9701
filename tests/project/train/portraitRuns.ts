import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { portraitsJob } from "../../../src/project/portraits/job.ts";
import { readLog } from "../../../src/project/train/log/log.ts";
import { statePath } from "../../../src/project/train/state.ts";
import type { JobOptions } from "../../../src/tensor/progress.ts";

/** What the tests of a training on labelled pictures work with; the paths are there while a test runs. */
export interface PortraitRuns {
  /** Twelve portraits of 16 px with masks, a quarter of them held back; not to be changed. */
  readonly data: string;
  /** Empty before each test. */
  readonly folder: string;
  /** A path in it, for a run. */
  readonly run: string;
}

/** Makes the portraits before the tests of a file, and a folder before each of them. */
export function portraitRuns(): PortraitRuns {
  const paths = { data: "", folder: "", run: "" };
  beforeAll(async () => {
    paths.data = join(await mkdtemp(join(tmpdir(), "klish-parts-")), "portraits");
    await portraitsJob(
      { outdir: paths.data, count: 12, resolution: 16, firstSeed: 0, split: { val: 0.25, test: 0 }, threads: 1 },
      {},
    );
  });
  afterAll(() => rm(join(paths.data, ".."), { recursive: true, force: true }));
  beforeEach(async () => {
    paths.folder = await mkdtemp(join(tmpdir(), "klish-run-"));
    paths.run = join(paths.folder, "run");
  });
  afterEach(() => rm(paths.folder, { recursive: true, force: true }));
  return paths;
}

/** Stops a training after so many steps. */
export function stopAfter(steps: number): JobOptions {
  const controller = new AbortController();
  // The first report comes before the first step.
  let reports = -1;
  return {
    signal: controller.signal,
    onProgress: ({ phase }) => {
      if (phase === "train" && ++reports === steps) controller.abort(new Error("stopped"));
    },
  };
}

/** The lines of a run's log without time and place. */
export async function timelessLog(run: string) {
  return (await readLog(run)).map(({ imagesPerSecond, seconds, memoryMB, ...line }) => line);
}

/** Everything of a run that another run of the same settings gets too. `model`: the file of what it learned. */
export async function traceOf(run: string, model: string) {
  return {
    state: (await readFile(statePath(run))).toString("base64"),
    model: (await readFile(join(run, model))).toString("base64"),
    log: await timelessLog(run),
    samples: await readdir(join(run, "samples")),
  };
}
