import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { homeOf, missingShards, readShard, shardFolder, shardsIn } from "../../../src/project/shards/shard.ts";

describe("readShard()", () => {
  it("takes a part of a number of parts, from 1", () => {
    expect(readShard("3/16", {})).toEqual({ index: 3, of: 16 });
    for (const text of ["0/4", "5/4", "3", "x", "1/0", "-1/2", "auto/", "auto/0"])
      expect(() => readShard(text, { JOB_COMPLETION_INDEX: "0" }), text).toThrow(RangeError);
  });

  it("takes both from Slurm's array, wherever that counts from", () => {
    const slurm = (id: number, first: number, last: number, count = last - first + 1) => ({
      SLURM_ARRAY_TASK_ID: String(id),
      SLURM_ARRAY_TASK_MIN: String(first),
      SLURM_ARRAY_TASK_MAX: String(last),
      SLURM_ARRAY_TASK_COUNT: String(count),
    });
    expect(readShard("auto", slurm(0, 0, 15))).toEqual({ index: 1, of: 16 });
    expect(readShard("auto", slurm(16, 1, 16))).toEqual({ index: 16, of: 16 });
    // Only tasks 3 and 7 are submitted again: they are not parts 1 and 2 of 2.
    expect(() => readShard("auto", slurm(3, 3, 7, 2))).toThrow(
      "tasks 3 to 7 are not 2: some are left out. Say how many parts there are in all, such as auto/8",
    );
    expect(readShard("auto/16", slurm(7, 3, 7, 2))).toEqual({ index: 8, of: 16 });
    expect(() => readShard("auto/16", slurm(16, 1, 16))).toThrow("SLURM_ARRAY_TASK_ID is 16");
  });

  it("takes both from AWS Batch, and the index from Kubernetes, which does not say how many there are", () => {
    const batch = { AWS_BATCH_JOB_ARRAY_INDEX: "9", AWS_BATCH_JOB_ARRAY_SIZE: "10" };
    expect(readShard("auto", batch)).toEqual({ index: 10, of: 10 });
    expect(readShard("auto/4", { JOB_COMPLETION_INDEX: "3" })).toEqual({ index: 4, of: 4 });
    expect(() => readShard("auto", { JOB_COMPLETION_INDEX: "3" })).toThrow(
      "Kubernetes does not say how many tasks there are: give it, such as auto/16",
    );
    expect(() => readShard("auto/4", { JOB_COMPLETION_INDEX: "3; rm" })).toThrow("expected a number");
    expect(() => readShard("auto", {})).toThrow("auto takes the part from an array job, and this is none");
  });
});

describe("homeOf()", () => {
  it("is a folder within for a part, but one that was made as a part's own is continued", async () => {
    const folder = await mkdtemp(join(tmpdir(), "klish-shard-"));
    try {
      const shard = { index: 3, of: 16 };
      expect(await homeOf(folder, null, "dataset.json")).toBe(folder);
      expect(await homeOf(folder, shard, "dataset.json")).toBe(join(folder, "shards", "03-of-16"));
      await writeFile(join(folder, "dataset.json"), "{}");
      expect(await homeOf(folder, shard, "dataset.json")).toBe(folder);
      await mkdir(shardFolder(folder, shard), { recursive: true });
      expect(await homeOf(folder, shard, "dataset.json")).toBe(join(folder, "shards", "03-of-16"));
      expect(await shardsIn(folder)).toEqual([join(folder, "shards", "03-of-16")]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe("missingShards()", () => {
  const at = (index: number, of: number) => ({ shard: { index, of }, folder: `${index}-of-${of}` });

  it("names those that are not there, and refuses two of one number and numbers of two runs", () => {
    expect(missingShards([at(3, 4), at(1, 4)])).toEqual([2, 4]);
    expect(missingShards([at(1, 1)])).toEqual([]);
    expect(() => missingShards([at(1, 2), at(2, 3)])).toThrow("they are not of one run");
    expect(() => missingShards([at(1, 2), at(1, 2)])).toThrow("are both part 1/2");
  });
});
