/** Photos by workers of a queue: one machine's bytes, whoever dies or lies. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { photosOf } from "../segment/photos.ts";
import { writeTinySegmenter } from "../segment/tinySegmenter.ts";
import { kill, liar, linesIn, type Running, start, startWorker, until, waitingIn } from "./crew.ts";
import { hasRedis, startRedis, type TestServer } from "./servers.ts";

const PHOTOS = 128;

describe.skipIf(!hasRedis)("klish segment --queue (skipped where redis-server is not installed)", () => {
  let folder: string;
  let server: TestServer;
  const running: Running[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-segment-queue-"));
    await photosOf(join(folder, "photos"), PHOTOS);
    await writeFile(join(folder, "photos", "broken.png"), "no picture");
    await writeTinySegmenter(folder);
    server = await startRedis(join(folder, "redis"));
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => kill(one)));
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const segment = (outdir: string, ...more: string[]): Running => {
    const words = ["segment", "--model", "segmenter.safetensors", "--images", "photos", "--outdir", outdir];
    const slow = ["--flip", "--scales", "1,2"];
    return start(folder, [...words, ...slow, "--threads", "1", "--json", "--quiet", ...more]);
  };
  /** All that a run leaves. */
  const contentOf = async (outdir: string): Promise<Record<string, string>> => {
    const paths = (await readdir(join(folder, outdir), { recursive: true })).filter((path) => /\.\w+$/.test(path));
    return Object.fromEntries(
      await Promise.all(
        paths.sort().map(async (path) => [path, await readFile(join(folder, outdir, path), "base64")] as const),
      ),
    );
  };
  const hire = (name: string): Running => {
    running.push(startWorker(folder, server.url, name));
    return running.at(-1) as Running;
  };

  it("leaves one machine's bytes though workers and the server are killed, the command is stopped, and a worker lies", async () => {
    const queue = ["--queue", server.url];
    const done = (): Promise<number> => linesIn(join(folder, "by-queue", "photos.jsonl"));
    const stopped = segment("by-queue", ...queue);
    running.push(stopped);
    const first = hire("first");
    await until("photos", async () => (await done()) > 16);
    await kill(first);
    await kill(stopped, "SIGINT");
    expect(await done()).toBeLessThan(PHOTOS);
    // What no worker had begun was taken back.
    expect(await waitingIn(server.port)).toBe(0);
    const run = segment("by-queue", ...queue);
    running.push(run);
    // Somebody who has looked at no photo.
    await until("tasks", async () => (await waitingIn(server.port)) > 8);
    await liar(server.port, "liar", async ({ data }) => data.piece.map(() => ({ rejected: "I do not like it" })));
    const second = hire("second");
    await until("the second worker", () => second.output().includes("is ready"));
    await server.restart();
    const { code, stdout, stderr } = await run.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { machines, photos, rejected } = JSON.parse(stdout);
    expect({ photos, rejected: rejected.length }).toEqual({ photos: PHOTOS, rejected: 1 });
    expect(machines.refused).toEqual({
      liar: expect.stringMatching(/^worker liar was refused: p\d+\.png: it can be read, and was rejected/),
    });
    expect(Object.keys(machines.done)).toEqual(["second"]);
    const alone = await segment("alone").ended;
    expect(alone.code, alone.stderr).toBe(0);
    expect(await contentOf("by-queue")).toEqual(await contentOf("alone"));
  });
});
