/** `klish segment --queue` and `klish evaluate gan --queue` on PostgreSQL: what one machine leaves, though a worker and the server are killed. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyGenerator } from "../../tinyGenerator.ts";
import { photosOf } from "../segment/photos.ts";
import { writeTinySegmenter } from "../segment/tinySegmenter.ts";
import { kill, linesIn, type Running, start, startWorker, until } from "./crew.ts";
import { hasPostgres, startPostgres, type TestServer } from "./servers.ts";

const PHOTOS = 64;

describe.skipIf(!hasPostgres)("photos and measuring on PostgreSQL (skipped where it is not installed)", () => {
  let folder: string;
  let data: string;
  let server: TestServer;
  const running: Running[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-postgres-"));
    data = await mkdtemp(join(tmpdir(), "klish-pg-"));
    await photosOf(join(folder, "photos"), PHOTOS);
    await writeTinySegmenter(folder);
    await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
    server = await startPostgres(data);
    const made = await start(folder, ["worker", "--queue", server.url, "--migrate", "--idle", "0"]).ended;
    expect(made.code, made.stderr).toBe(0);
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => kill(one)));
    await server.stop();
    for (const one of [folder, data]) await rm(one, { recursive: true, force: true });
  });
  const run = (...words: string[]): Running => {
    const one = start(folder, [...words, "--threads", "1", "--json", "--quiet"]);
    running.push(one);
    return one;
  };
  const segment = (outdir: string, ...more: string[]): Running =>
    run("segment", "--model", "segmenter.safetensors", "--images", "photos", "--outdir", outdir, "--flip", ...more);
  const measure = (...more: string[]): Running =>
    run("evaluate", "gan", "--network", "tiny.onnx", "--data", "photos", "--provider", "cpu", ...more);
  const hire = (name: string): void => {
    running.push(startWorker(folder, server.url, name));
  };
  const said = async (one: Running): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await one.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return JSON.parse(stdout);
  };
  /** All that a run leaves. */
  const contentOf = async (outdir: string): Promise<Record<string, string>> => {
    const paths = (await readdir(join(folder, outdir), { recursive: true })).filter((path) => /\.\w+$/.test(path));
    const read = async (path: string) => [path, await readFile(join(folder, outdir, path), "base64")] as const;
    return Object.fromEntries(await Promise.all(paths.sort().map(read)));
  };

  it("leave the bytes and figures of one machine, two runs on one queue at once", async () => {
    const queue = ["--queue", server.url];
    const photos = segment("by-queue", ...queue);
    hire("first");
    await until("photos", async () => (await linesIn(join(folder, "by-queue", "photos.jsonl"))) > 8);
    const figures = measure("--outdir", "quality", ...queue);
    await kill(running[1]);
    hire("second");
    await server.restart();
    const { machines: makers, ...segmented } = await said(photos);
    const { machines: measurers, ...measured } = await said(figures);
    expect(segmented).toMatchObject({ photos: PHOTOS, rejected: [] });
    expect(makers).toMatchObject({ done: { second: expect.any(Number) }, refused: {} });
    expect(measurers).toEqual({ done: { second: 2 }, lost: 0, refused: {} });
    await said(segment("alone"));
    expect(await contentOf("by-queue")).toEqual(await contentOf("alone"));
    expect({ ...measured, machines: null }).toEqual(await said(measure()));
  });
});
