import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import { joinJob } from "../../../src/project/dataset/shards/join.ts";
import { openBucket } from "../../../src/project/storage/bucket.ts";
import { contentOf, labelledProject } from "./project.ts";
import { type S3Server, s3Environment, startS3 } from "./s3Server.ts";

let folder: string;
let project: string;
let server: S3Server;
let whole: Record<string, string>;
let count = 0;
const make = (index: number, of: number, more: object = {}) =>
  datasetJob({
    ...{ projects: [project], outdir: join(folder, `part${count++}`), count: 40, provider: "cpu", threads: 1 },
    ...{ shard: { index, of }, upload: "s3://pictures/the set", ...more },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-bucket-"));
  project = await labelledProject(folder);
  await datasetJob({ projects: [project], outdir: join(folder, "whole"), count: 40, provider: "cpu", threads: 1 });
  whole = await contentOf(join(folder, "whole"));
});
beforeEach(async () => {
  server = await startS3("pictures", 7);
  for (const [name, value] of Object.entries(s3Environment(server))) vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("openBucket()", () => {
  it("puts, gets and lists by pages; of two that put the same name anew, one succeeds", async () => {
    const bucket = await openBucket("s3://pictures/a/b+c/");
    expect(bucket.address).toBe("s3://pictures/a/b+c");
    const names = Array.from({ length: 20 }, (_, i) => `x/${String(i).padStart(2, "0")} & é'.txt`);
    for (const name of names) await bucket.put(name, Buffer.from(name));
    const found = [];
    for await (const object of bucket.list("x/")) found.push(object);
    expect(found.map(({ path }) => path)).toEqual(names);
    expect(found[0].bytes).toBe(Buffer.byteLength(names[0]));
    expect(Buffer.from(await bucket.get(names[3])).toString()).toBe(names[3]);
    const one = Buffer.from("1");
    expect((await Promise.all([bucket.putNew("new", one), bucket.putNew("new", one)])).sort()).toEqual([false, true]);
  });

  it("says what the server said, tries again what it could not do now, and repeats no key", async () => {
    const bucket = await openBucket("s3://pictures/x");
    await expect(bucket.get("nowhere")).rejects.toThrow("s3://pictures/x/nowhere: NoSuchKey: said by the server");
    await expect((await openBucket("s3://other/x")).get("y")).rejects.toThrow("NoSuchBucket");
    server.failures.push(
      { method: "PUT", status: 503 },
      { method: "PUT", status: 500 },
      { method: "PUT", status: 409 },
    );
    expect(await bucket.putNew("late", Buffer.from("x"))).toBe(true);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "s3cret");
    await expect((await openBucket("s3://pictures/x")).get("y")).rejects.toThrow(
      /^(?!.*s3cret).*SignatureDoesNotMatch/,
    );
    vi.stubEnv("AWS_ACCESS_KEY_ID", "");
    await expect(openBucket("s3://pictures/x")).rejects.toThrow("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    for (const wrong of ["s3://", "s3://x/../y", "s3://UP_PER/x", "https://x"])
      await expect(openBucket(wrong, s3Environment(server)), wrong).rejects.toThrow(/not a/);
  });
});

describe("--upload and joinJob() of a bucket", () => {
  it("make one machine's bytes of shards that several machines put there, some of them twice", async () => {
    const made = await make(2, 2);
    expect(made.uploaded).toBe("s3://pictures/the set/shards/2-of-2");
    await expect(joinJob({ folders: ["s3://pictures/the set"], outdir: join(folder, "early") })).rejects.toThrow(
      "parts 1 of 2 are not there",
    );
    await make(1, 2);
    const before = server.log.length;
    await make(1, 2);
    expect(server.log.slice(before).filter((line) => line.startsWith("PUT"))).toEqual([]);
    const outdir = join(folder, "joined");
    await joinJob({ folders: ["s3://pictures/the set"], outdir });
    expect(await contentOf(outdir)).toEqual(whole);
    expect(await joinJob({ folders: ["s3://pictures/the set"], outdir })).toMatchObject({ shards: 0, samples: 40 });
    expect(await contentOf(outdir)).toEqual(whole);
    await make(1, 1, { quality: 80, upload: "s3://pictures/poor" });
    await expect(joinJob({ folders: ["s3://pictures/poor"], outdir })).rejects.toThrow("holds another dataset than");
  });

  it("go on after an upload that was killed, send only what is missing, and refuse another part of that number", async () => {
    const put = server.objects;
    await make(1, 2);
    const all = put.size;
    put.delete("the set/shards/1-of-2/complete.json");
    put.set("the set/shards/1-of-2/images/seed000003.png", Buffer.from("half"));
    const before = server.log.length;
    await make(1, 2);
    expect(put.size).toBe(all);
    const sent = server.log.slice(before).filter((line) => line.startsWith("PUT"));
    expect(sent.filter((line) => !line.endsWith("runs.jsonl"))).toEqual([
      "PUT /pictures/the%20set/shards/1-of-2/images/seed000003.png",
      "PUT /pictures/the%20set/shards/1-of-2/complete.json",
    ]);
    await expect(make(1, 2, { quality: 80 })).rejects.toThrow("has another part 1/2");
    await expect(make(1, 2, { shard: null })).rejects.toThrow("--upload is for parts");
  });

  it("refuse what was changed in the bucket", async () => {
    await make(1, 1);
    const image = "the set/shards/1-of-1/images/seed000003.png";
    const content = server.objects.get(image) as Buffer;
    server.objects.set(image, Buffer.from(content.map((byte) => byte ^ 1)));
    const outdir = join(folder, "changed");
    await expect(joinJob({ folders: ["s3://pictures/the set"], outdir })).rejects.toThrow(
      "images/seed000003.png has another content than its part says",
    );
    server.objects.set(image, content);
    await joinJob({ folders: ["s3://pictures/the set"], outdir });
    expect(await contentOf(outdir)).toEqual(whole);
  });
});
