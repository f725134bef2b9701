import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import type { DatasetRequest } from "../../../src/project/dataset/options.ts";
import { joinJob } from "../../../src/project/dataset/shards/join.ts";
import { exportJob } from "../../../src/project/dataset/store.ts";
import { verifyJob } from "../../../src/project/dataset/verify.ts";
import { shardFolder } from "../../../src/project/shards/shard.ts";
import { contentOf, labelledProject } from "./project.ts";

let folder: string;
let project: string;
let whole: Record<string, string>;
let out: string;
let count = 0;

const make = (outdir: string, changes: Partial<DatasetRequest> = {}) =>
  datasetJob({ projects: [project], outdir, count: 70, provider: "cpu", threads: 1, ...changes });
/** Shard `index` of three, where the whole will be. */
const part = (index: number, changes: Partial<DatasetRequest> = {}) => {
  const shard = { index, of: 3 };
  return make(shardFolder(out, shard), { shard, ...changes });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-join-"));
  project = await labelledProject(folder);
  await make(join(folder, "whole"));
  whole = await contentOf(join(folder, "whole"));
});
beforeEach(() => {
  out = join(folder, `out${count++}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("joinJob()", () => {
  it("makes of shards the bytes of one run, once or twice, and leaves a dataset that can grow", async () => {
    for (const index of [2, 1, 3]) await part(index);
    const result = await joinJob({ folders: [out] });
    expect(result).toMatchObject({ folder: out, shards: 3, samples: 70, kept: 70 });
    expect(await contentOf(out)).toEqual(whole);
    expect(await readFile(result.overview, "utf8")).toContain("70 images with masks");
    expect((await verifyJob({ dataset: out, remake: 0 })).faults).toEqual([]);
    expect(await joinJob({ folders: [out] })).toMatchObject({ shards: 0, samples: 70 });
    expect(await contentOf(out)).toEqual(whole);
    await expect(make(out, { shard: { index: 1, of: 3 } })).rejects.toThrow("holds the whole dataset already");
    expect(await make(out, { count: 71 })).toMatchObject({ samples: 71, made: 1 });
  });

  it("goes on where it was killed: with files half joined, or shards half removed", async () => {
    for (const index of [1, 2, 3]) await part(index);
    const controller = new AbortController();
    const stopped = joinJob(
      { folders: [out] },
      {
        signal: controller.signal,
        onProgress: ({ phase, done }) =>
          phase === "join the parts" && done === 30 && controller.abort(new Error("stop")),
      },
    );
    await expect(stopped).rejects.toThrow("stop");
    // What a copy that a kill cut short would be.
    await rm(join(out, "images", "seed000003.png"));
    await writeFile(join(out, "images", "seed000003.png"), "half");
    await joinJob({ folders: [out] });
    await part(2);
    await rm(join(shardFolder(out, { index: 2, of: 3 }), "manifest.jsonl"));
    await joinJob({ folders: [out] });
    expect(await contentOf(out)).toEqual(whole);
  });

  it("joins folders of parts into a new one, and leaves them; export takes them as they lie", async () => {
    for (const index of [1, 2, 3]) await part(index);
    const parts = [3, 1, 2].map((index) => shardFolder(out, { index, of: 3 }));
    await joinJob({ folders: parts, outdir: join(out, "all"), formats: ["voc"] });
    expect(Object.keys(await contentOf(join(out, "all"))).filter((f) => f.startsWith("voc/"))).not.toEqual([]);
    expect((await stat(parts[0])).isDirectory()).toBe(true);
    await expect(joinJob({ folders: parts })).rejects.toThrow("--outdir");
    const all = await exportJob({ from: [out], format: "folders", outdir: join(out, "folders") });
    expect(all.samples).toBe(70);
    await expect(verifyJob({ dataset: out })).rejects.toThrow("Join them first: klish dataset join");
  });

  it("joins shards that have no sample, as there are more shards than blocks", async () => {
    const of = 4;
    for (const index of [1, 2, 3, 4]) await make(shardFolder(out, { index, of }), { shard: { index, of } });
    expect(await joinJob({ folders: [out] })).toMatchObject({ shards: 4, samples: 70 });
    expect(await contentOf(out)).toEqual(whole);
  });

  it("names what is missing, not complete, damaged, twice there or of another recipe", async () => {
    await expect(joinJob({ folders: [folder] })).rejects.toThrow("holds no parts of a dataset");
    await part(2);
    await expect(joinJob({ folders: [out] })).rejects.toThrow(
      "parts 1, 3 of 3 are not there. Run the command that makes them, with --shard 1/3 and so on.",
    );
    await part(1);
    await part(3, { quality: 90 });
    await expect(joinJob({ folders: [out] })).rejects.toThrow(
      /3-of-3 and .*1-of-3 are not parts.*quality was 95, now 90/,
    );
    await rm(shardFolder(out, { index: 3, of: 3 }), { recursive: true });
    await part(3);
    const second = shardFolder(out, { index: 2, of: 3 });
    await expect(joinJob({ folders: [out, second], outdir: join(folder, "x") })).rejects.toThrow("are both part 2/3");
    const manifest = await readFile(join(second, "manifest.jsonl"), "utf8");
    await writeFile(join(second, "manifest.jsonl"), manifest.split("\n").slice(0, 5).join("\n"));
    await expect(joinJob({ folders: [out] })).rejects.toThrow(/part 2\/3 .* is not complete: 4 of 32 samples/);
    await writeFile(join(second, "manifest.jsonl"), manifest);
    await appendFile(join(second, "masks", "seed000040.png"), "x");
    await expect(joinJob({ folders: [out] })).rejects.toThrow(
      /part 2\/3 .* is damaged: 1 samples, the first seed000040/,
    );
    await expect(joinJob({ folders: [join(folder, "whole"), second], outdir: join(out, "x") })).rejects.toThrow(
      "is a whole dataset, not a part of one",
    );
  });
});
