import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkAnswer } from "../../../src/pixels/shards/checkAnswer.ts";
import { decodeMessage, encodeMessage } from "../../../src/pixels/shards/message.ts";
import { ShardCrew } from "../../../src/pixels/shards/shardCrew.ts";
import type { AskShards } from "../../../src/pixels/shards/shardedPixels.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import { clusterRequest } from "../../../src/project/cluster/options.ts";
import { settle } from "../../../src/project/cluster/request.ts";
import { onFrames, sendFrame } from "../../../src/project/cluster/workers/frames.ts";
import { coordinated, shardSizes } from "../../../src/project/cluster/workers/openShards.ts";
import { type Exchange, remoteWorker, ShardServer } from "../../../src/project/cluster/workers/protocol.ts";
import {
  isSharded,
  recipeHash,
  recipeOf,
  type ShardRecipe,
  shardLayout,
} from "../../../src/project/cluster/workers/recipe.ts";
import { type OpenedNetwork, openNetwork } from "../../../src/project/network/network.ts";
import { ortNode } from "../../../src/runtime/ortNode.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
let network: OpenedNetwork;
let recipe: ShardRecipe;
const open = () => openNetwork(join(folder, "tiny.onnx"), { runtime: ortNode, provider: "cpu", threads: 1 });
const settingsOf = (more: object) => {
  const asked = { network: "tiny.onnx", outdir: "x", images: 5, shards: 3, initialClusters: 4, ...more };
  const settings = settle(clusterRequest.parse(asked), network, 5);
  if (!isSharded(settings)) throw new Error("expected shards");
  return settings;
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
  network = await open();
  recipe = recipeOf(settingsOf({}), "cpu");
});
afterAll(async () => {
  await network.generator.dispose();
  await rm(folder, { recursive: true, force: true });
});

const spread = [{ shard: 1, request: { pass: "spread", range: { start: 0, end: 128 } } }] as const;

/** What a worker answers whose exchange is `change`d. */
async function answerOf(change: (exchange: Exchange) => Exchange, asked = recipe): Promise<unknown> {
  const server = new ShardServer({ openNetwork: open });
  const worker = remoteWorker(
    "w",
    asked,
    change((question) => server.reply(question)),
    () => undefined,
  );
  try {
    return await worker.answer(spread, [1]);
  } finally {
    await server.close();
  }
}

describe("shards of a run", () => {
  it("hold consecutive images, with all pixels or some of each image", () => {
    expect(shardLayout(settingsOf({}), network.generator.info)).toEqual({
      pixels: [64, 128, 128],
      channels: 11,
      alignment: 64,
    });
    expect(shardLayout(settingsOf({ pixelStride: 4 }), network.generator.info)).toMatchObject({
      pixels: [4, 8, 8],
      alignment: 1,
    });
    expect(settingsOf({ shards: 99 }).shards).toBe(5);
  });
});

describe("the coordinator", () => {
  /** The pixels of a run by one worker, and the passes that it is asked, where so many bytes are kept. */
  function coordinatedBy(settings: ReturnType<typeof settingsOf>, kept: number) {
    const { info } = network.generator;
    const asked: string[] = [];
    const server = new ShardServer({ openNetwork: open });
    const crew = new ShardCrew(shardSizes(settings, info));
    crew.join(
      remoteWorker(
        "w",
        recipeOf(settings, "cpu"),
        (question) => server.reply(question),
        () => undefined,
      ),
    );
    const ask: AskShards = (calls) => {
      asked.push(`${calls[0].request.pass} of ${calls.length}`);
      return crew.ask(calls);
    };
    return { pixels: coordinated(settings, info, ask, { threads: 1, kept }), asked, close: () => server.close() };
  }

  it("fetches the maps once, where they have room, and makes the rows from them that workers do; of chosen pixels, the rows", async () => {
    const weight = Float32Array.from({ length: 11 }, (_, d) => Math.cos(d));
    for (const [more, maps, pass] of [
      [{}, 4 * 5 * (6 * 4 * 4 + 5 * 8 * 8), "maps of 3"],
      [{ pixelStride: 4 }, 4 * 20 * 11, "rows of 3"],
    ] as const) {
      const settings = settingsOf(more);
      const here = coordinatedBy(settings, maps);
      const there = coordinatedBy(settings, 0);
      const index = Int32Array.of(19, 3, 4, 5, 11);
      const found = await here.pixels.rows(index);
      expect(found).toEqual(await there.pixels.rows(index));
      const range = { start: 0, end: here.pixels.pixels };
      const scores = await here.pixels.scores(weight, Float32Array.of(0.5), undefined, range);
      const expected = await there.pixels.scores(weight, Float32Array.of(0.5), undefined, range);
      for (const [n, s] of scores.entries()) expect(s).toBeCloseTo(expected[n], 4);
      await here.pixels.spread();
      expect(here.asked).toEqual([pass, "spread of 3"]);
      expect([here, there].map(({ pixels }) => pixels.passCost)).toEqual(["cheap", "dear"]);
      await here.close();
      await there.close();
    }
  });
});

describe("maps that cannot be", () => {
  it("are refused", () => {
    const [size] = shardSizes(settingsOf({}), network.generator.info);
    expect(size).toEqual({ pixels: 64, channels: 11, maps: 6 * 4 * 4 + 5 * 8 * 8 });
    const check = (answer: unknown) => checkAnswer({ pass: "maps" }, answer, size);
    const truth = new Float32Array(416);
    expect(check(truth)).toBe(truth);
    expect(() => check(truth.subarray(1))).toThrow("a wrong answer to maps: expected 416 numbers");
    expect(() => check(truth.with(7, Number.NaN))).toThrow("a wrong answer to maps: expected finite numbers");
    const [chosen] = shardSizes(settingsOf({ pixelStride: 4 }), network.generator.info);
    expect(() => checkAnswer({ pass: "maps" }, truth, chosen)).toThrow("expected 0 numbers");
  });
});

describe("a worker", () => {
  it("answers by the recipe that it opened", async () => {
    expect(await answerOf((exchange) => exchange)).toEqual([
      { mean: expect.any(Float64Array), variance: expect.any(Number) },
    ]);
  });

  it("is sent labels once, and passes with those of the last pass over the same pixels", async () => {
    const server = new ShardServer({ openNetwork: open });
    const lengths: number[] = [];
    const worker = remoteWorker(
      "w",
      recipe,
      (question) => {
        lengths.push(question.length);
        return server.reply(question);
      },
      () => undefined,
    );
    const weight = Float32Array.from({ length: 11 }, (_, d) => Math.sin(d));
    const pass = (labels: Uint16Array) =>
      worker.answer(
        [
          {
            shard: 1,
            request: {
              pass: "svm",
              labels,
              classes: [1],
              weight,
              bias: new Float32Array(1),
              range: { start: 0, end: 128 },
            },
          },
        ],
        [1],
      );
    const labels = Uint16Array.from({ length: 128 }, (_, n) => n % 3);
    const first = await pass(labels);
    expect(await pass(labels.slice())).toEqual(first);
    labels.fill(1);
    const other = await pass(labels);
    expect(other).not.toEqual(first);
    expect(await pass(labels)).toEqual(other);
    const [, full, same, changed, again] = lengths;
    expect([full - same, changed - same, again - same].map((more) => more > 200)).toEqual([true, true, false]);
    await server.close();
  });

  it("refuses, by name, another version, another generator, another provider", async () => {
    await expect(answerOf((x) => x, { ...recipe, klish: "0.0.1" })).rejects.toThrow(
      /the run is of klish 0.0.1, this worker has/,
    );
    const settings = { ...recipe.settings, networkSha256: "0".repeat(64) };
    await expect(answerOf((x) => x, { ...recipe, settings })).rejects.toThrow(
      /tiny.onnx is not the generator of the run/,
    );
    await expect(answerOf((x) => x, { ...recipe, provider: "webgpu" })).rejects.toThrow(
      /the run is on webgpu, this worker on cpu/,
    );
  });

  it("refuses what is no question, and a question of another recipe", async () => {
    const server = new ShardServer({ openNetwork: open });
    const ask = async (question: unknown) => decodeMessage(await server.reply(encodeMessage(question)));
    expect(decodeMessage(await server.reply(new Uint8Array(5)))).toEqual({ error: "expected a message of klish" });
    const hash = recipeHash(recipe);
    for (const bad of [
      {},
      { recipe: { ...recipe, file: "/etc/passwd" } },
      { recipe: hash, calls: [{ shard: 0, request: { pass: "eval", code: "1" } }], keep: [] },
      { recipe: hash, calls: [{ shard: -1, request: spread[0].request }], keep: [] },
    ])
      expect(await ask(bad)).toEqual({ error: "expected a question, got something else" });
    const stale = { recipe: hash, calls: spread, keep: [] };
    expect(await ask(stale)).toEqual({ error: "asked about another recipe than was opened" });
    await server.close();
  });

  it("is refused when it answers for another recipe, of another version, or with anything else", async () => {
    const changed = (change: (answer: Record<string, unknown>) => unknown) =>
      answerOf((exchange) => async (question) => {
        const answer = decodeMessage(await exchange(question)) as Record<string, unknown>;
        return encodeMessage(change(answer));
      });
    await expect(changed((a) => ({ ...a, recipe: "0".repeat(64) }))).rejects.toThrow(/another recipe/);
    await expect(changed((a) => ({ ...a, klish: "9.9.9" }))).rejects.toThrow(/it runs klish 9.9.9/);
    await expect(changed((a) => ({ ...a, network: "0".repeat(64) }))).rejects.toThrow(/its generator is another one/);
    await expect(changed(() => "hello")).rejects.toThrow(/got something else/);
    await expect(answerOf(() => async () => new Uint8Array(3))).rejects.toThrow(/expected a message/);
  });
});

describe("klish cluster", () => {
  const asked = () => ({
    network: join(folder, "tiny.onnx"),
    outdir: join(folder, "run"),
    images: 2,
    initialClusters: 4,
  });

  it("refuses processes and a queue at once", async () => {
    await expect(clusterJob({ ...asked(), root: folder, queue: "redis://host", workers: 2 })).rejects.toThrow(
      /give one of them/,
    );
  });

  it("takes no generator from outside the root", async () => {
    const root = await mkdtemp(join(tmpdir(), "klish-test-"));
    const outdir = join(folder, "outside");
    await expect(clusterJob({ ...asked(), outdir, root, queue: "redis://host" })).rejects.toThrow(
      /is not in .* which the machines share/,
    );
    await rm(root, { recursive: true });
  });
});

describe("frames", () => {
  it("arrive whole, in order, however the bytes are cut", async () => {
    const sent = [
      new Uint8Array(0),
      Uint8Array.of(1),
      Uint8Array.from({ length: 999 }, (_, i) => i),
      Uint8Array.of(2, 3),
    ];
    const line = new PassThrough();
    const chunks: Buffer[] = [];
    line.on("data", (chunk: Buffer) => chunks.push(chunk));
    for (const message of sent) sendFrame(line, message);
    await new Promise((resolve) => setImmediate(resolve));
    for (const size of [1, 3, 7, 500, 5000]) {
      const cut = new PassThrough();
      const got: number[][] = [];
      onFrames(cut, (message) => got.push([...message]));
      const bytes = Buffer.concat(chunks);
      for (let at = 0; at < bytes.length; at += size) cut.emit("data", bytes.subarray(at, at + size));
      expect(got).toEqual(sent.map((message) => [...message]));
    }
  });
});
