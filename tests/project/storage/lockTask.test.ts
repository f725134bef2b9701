import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFolder, schedulerTask } from "../../../src/project/storage/lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-lock-"));
  for (const name of ["SLURM_JOB_ID", "SLURM_STEP_ID", "SLURM_PROCID", "AWS_BATCH_JOB_ID"]) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

describe("lockFolder() of a scheduler's task", () => {
  it("takes over from an earlier try of the same task on another machine, and from no other", async () => {
    const lock = join(folder, ".lock");
    const elsewhere = (task: string) => writeFile(lock, `1 another-machine 1 abc ${task}`.trimEnd());
    await elsewhere("");
    await expect(lockFolder(folder)).rejects.toThrow("in use by process 1 on another-machine");
    vi.stubEnv("SLURM_JOB_ID", "77");
    vi.stubEnv("SLURM_PROCID", "0");
    await expect(lockFolder(folder)).rejects.toThrow("in use by process 1 on another-machine");
    await elsewhere("slurm/77//1");
    await expect(lockFolder(folder)).rejects.toThrow("in use by process 1 on another-machine");
    await elsewhere("slurm/77//0");
    const release = await lockFolder(folder);
    expect(await readFile(lock, "utf8")).toMatch(/ slurm\/77\/\/0\n$/);
    await expect(lockFolder(folder)).rejects.toThrow("in use by this process");
    await release();
  });
});

describe("schedulerTask()", () => {
  it("tells tasks of Slurm and AWS Batch apart, and is empty elsewhere", () => {
    expect(schedulerTask({})).toBe("");
    expect(schedulerTask({ SLURM_JOB_ID: "7", SLURM_STEP_ID: "0", SLURM_PROCID: "3" })).toBe("slurm/7/0/3");
    expect(schedulerTask({ AWS_BATCH_JOB_ID: "a b:3" })).toBe("batch/a_b:3/");
  });
});
