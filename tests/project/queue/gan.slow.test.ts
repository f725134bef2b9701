/** A generator measured by workers of a queue: one machine's figures, though somebody lies. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { meanColours, tinyGenerator } from "../../tinyGenerator.ts";
import { photosOf } from "../segment/photos.ts";
import { kill, liar, type Running, start, startWorker } from "./crew.ts";
import { hasRedis, startRedis, type TestServer } from "./servers.ts";

describe.skipIf(!hasRedis)("klish evaluate gan --queue (skipped where redis-server is not installed)", () => {
  let folder: string;
  let server: TestServer;
  const running: Running[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-gan-queue-"));
    await photosOf(join(folder, "photos"), 200);
    await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
    await writeFile(join(folder, "colours.onnx"), meanColours());
    server = await startRedis(join(folder, "redis"));
  });
  afterAll(async () => {
    await Promise.all(running.map((one) => kill(one)));
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
  const run = (one: Running): Running => {
    running.push(one);
    return one;
  };
  const evaluate = (...more: string[]): Running => {
    const words = ["evaluate", "gan", "--network", "tiny.onnx", "--data", "photos", "--inception", "colours.onnx"];
    return run(start(folder, [...words, "--provider", "cpu", "--threads", "1", "--json", "--quiet", ...more]));
  };

  it("gives one machine's figures, and names who answered what cannot be", async () => {
    const measured = evaluate("--outdir", "quality", "--queue", server.url);
    await liar(server.port, "liar", async () => ({ bytes: 1, sha256: "0".repeat(64) }));
    run(startWorker(folder, server.url, "honest"));
    const { code, stdout, stderr } = await measured.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { machines, ...figures } = JSON.parse(stdout);
    expect(machines).toEqual({
      done: { honest: 4 },
      lost: 0,
      refused: { liar: expect.stringMatching(/^worker liar was refused: \w+-\d+-\d+: its file is not in the shared/) },
    });
    const alone = await evaluate().ended;
    expect(alone.code, alone.stderr).toBe(0);
    expect({ ...figures, machines: null }).toEqual(JSON.parse(alone.stdout));
  });
});
