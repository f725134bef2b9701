import { describe, expect, it } from "vitest";
import { klish } from "../../../src/cluster/klish/klish.ts";
import type { MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import type { PyramidData } from "../../../src/pixels/pyramid/pyramidData.ts";
import { withKeptRows } from "../../../src/pixels/shards/keptRows.ts";
import { decodeMessage, encodeMessage } from "../../../src/pixels/shards/message.ts";
import { tinyPyramid } from "../points.ts";
import { crewOf, localWorker, shardsOf } from "./crew.ts";

/** Eleven images in six shards, the last of one image. */
const data: PyramidData = tinyPyramid(11, 8, [
  [4, 4],
  [8, 2],
]);
const shards = shardsOf(data, 2);
const open = async (shard: number) => shards[shard];
const options = { initialClusters: 5, criterion: "paper", tolerance: 1e-2 } as const;

async function treeBy(workers: number, keptBytes = 0): Promise<MergeTree> {
  const { crew, pixels } = crewOf(shards);
  for (let i = 0; i < workers; i++) crew.join(localWorker(`worker ${i}`, open));
  return klish(withKeptRows(pixels, keptBytes), options);
}

/** Every number of a tree. */
const numbersOf = ({ weight, bias, steps, initialLabels, balance }: MergeTree) => ({
  weight,
  bias,
  steps,
  initialLabels,
  balance,
});

describe("pixels in shards", () => {
  it("give the same tree, bit for bit, by 1, 2 and 7 workers", async () => {
    const one = numbersOf(await treeBy(1));
    expect(numbersOf(await treeBy(2))).toEqual(one);
    expect(numbersOf(await treeBy(7))).toEqual(one);
    // Some rows kept: the same work. All: another plan.
    expect(numbersOf(await treeBy(2, 100 * 24))).toEqual(one);
    const kept = numbersOf(await treeBy(1, 2 ** 20));
    for (const workers of [2, 7]) expect(numbersOf(await treeBy(workers, 2 ** 20))).toEqual(kept);
  });

  it("give it too when workers die, and others join and compute their shards again", async () => {
    const one = numbersOf(await treeBy(1));
    const lost: string[] = [];
    let born = 0;
    const mortal = (passes: number) =>
      localWorker(`worker ${born++}`, open, (answer) => async (calls, keep) => {
        if (passes-- === 0) throw new Error("killed");
        return answer(calls, keep);
      });
    const { crew, pixels } = crewOf(shards, (worker, reason) => {
      lost.push(`${worker.name}: ${reason}`);
      crew.join(mortal(Number.POSITIVE_INFINITY));
    });
    for (const passes of [0, 5, 9]) crew.join(mortal(passes));
    expect(numbersOf(await klish(pixels, options))).toEqual(one);
    expect(lost.sort()).toEqual(["worker 0: killed", "worker 1: killed", "worker 2: killed"]);
  });

  it("waits for a worker, and shares with one that comes later", async () => {
    const { crew, pixels } = crewOf(shards);
    const asked: [number, number[]][] = [];
    const seen = (name: number) =>
      localWorker(`worker ${name}`, open, (answer) => (calls, keep) => {
        asked.push([name, calls.map(({ shard }) => shard)]);
        return answer(calls, keep);
      });
    const spread = pixels.spread();
    crew.join(seen(0));
    const first = await spread;
    expect(asked.map(([name]) => name)).toEqual([0, 0, 0, 0, 0, 0]);
    crew.join(seen(1));
    asked.length = 0;
    expect(await pixels.spread()).toEqual(first);
    expect(asked.map(([name]) => name).sort()).toEqual([0, 1, 1, 1]);
    asked.length = 0;
    expect(await pixels.spread()).toEqual(first);
    expect(asked.sort()).toEqual([
      [0, [0, 1, 2]],
      [1, [3, 4, 5]],
    ]);
  });

  it("refuses a worker that lies, by name, and has its shards done again", async () => {
    const expected = await crewWith(localWorker("honest", open)).pixels.spread();
    for (const [lie, reason] of [
      [{ mean: new Float64Array(5), variance: 1 }, /spread: mean: expected 6 numbers/],
      [{ mean: new Float64Array(6).fill(Number.NaN), variance: 1 }, /expected finite numbers/],
      [{ mean: new Float32Array(6), variance: 1 }, /expected double precision/],
      [{ mean: new Float64Array(6), variance: Number.NaN }, /variance/],
      ["nothing", /spread/],
    ] as const) {
      const lost: string[] = [];
      const liar = localWorker("liar", open, () => async (calls) => calls.map(() => lie));
      const { crew, pixels } = crewOf(shards, (worker, why) => lost.push(`${worker.name}: ${why}`));
      crew.join(liar);
      crew.join(localWorker("honest", open));
      expect(await pixels.spread()).toEqual(expected);
      expect(lost).toHaveLength(1);
      expect(lost[0]).toMatch(/^liar: /);
      expect(lost[0]).toMatch(reason);
    }
  });

  function crewWith(...workers: ReturnType<typeof localWorker>[]) {
    const made = crewOf(shards);
    for (const worker of workers) made.crew.join(worker);
    return made;
  }

  it("refuses every wrong answer to every pass", async () => {
    const { channels: d } = shards[0];
    const weight = new Float32Array(2 * d).fill(0.1);
    const bias = new Float32Array(2);
    const classifier = { k: 2, channels: d, weight, bias };
    const labels = new Uint16Array(11 * 64);
    const index = Int32Array.of(0, 5, 700);
    const passes = {
      scores: (x) => x.scores(weight, bias),
      gradient: (x) => x.gradient(new Float32Array(11 * 64)),
      rows: (x) => x.rows(index),
      rowSums: (x) => x.rowSums(index, new Float32Array(3)),
      svm: (x) => x.svm({ labels, classes: [0, 1], weight, bias, gradient: true, near: 0.5 }),
      nearest: (x) => x.nearest(classifier),
      spread: (x) => x.spread(),
    } satisfies Record<string, (x: (typeof shards)[number]) => Promise<unknown>>;
    for (const [name, ask] of Object.entries(passes)) {
      const truth = await ask(crewWith(localWorker("honest", open)).pixels);
      for (let spoiled = 0, told = 1; told > 0; spoiled++) {
        const lost: string[] = [];
        const { crew, pixels } = crewOf(shards, (_, why) => lost.push(why));
        const answer = localWorker("honest", open);
        crew.join(
          localWorker("liar", open, () => async (calls, keep) => spoil(await answer.answer(calls, keep), spoiled)),
        );
        crew.join(answer);
        expect(await ask(pixels), `${name}, array ${spoiled}`).toEqual(truth);
        told = lost.length;
        if (spoiled === 0) expect(told).toBe(1);
      }
    }
  });

  /** The answer with its array number `which` cut by one number. */
  function spoil(answer: unknown, which: number): unknown {
    let seen = 0;
    const visit = (value: unknown): unknown => {
      if (ArrayBuffer.isView(value)) return seen++ === which ? (value as Float32Array).slice(1) : value;
      if (Array.isArray(value)) return value.map(visit);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, visit(inner)]));
    };
    return visit(answer);
  }

  it("gives up a shard that fails again and again", async () => {
    const { crew, pixels } = crewOf(shards, () => crew.join(broken()));
    const broken = () =>
      localWorker("broken", open, () => async () => {
        throw new Error("no such generator");
      });
    crew.join(broken());
    await expect(pixels.spread()).rejects.toThrow(/shard 0 failed 8 times, at last by broken: no such generator/);
    await expect(pixels.spread()).rejects.toThrow(/shard 0/);
  });

  it("ends with a reason", async () => {
    const { crew, pixels } = crewOf(shards);
    const waiting = pixels.spread();
    crew.close(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    await expect(pixels.spread()).rejects.toThrow("stopped");
  });
});

describe("messages", () => {
  it("hold data with arrays of every type, wherever the bytes lie", () => {
    const data = {
      a: [1, { b: Float32Array.of(1.5, -2), c: "text", d: null, e: true }],
      f: Float64Array.of(0.1, 1e300),
      g: Int32Array.of(-1),
      h: Uint16Array.of(65535, 1, 2),
      i: new Uint8Array(0),
    };
    const bytes = encodeMessage(data);
    expect(decodeMessage(bytes)).toEqual(data);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeMessage(shifted.subarray(3))).toEqual(data);
    expect(decodeMessage(Buffer.from(shifted.buffer, 3))).toEqual(data);
  });

  it("write an array that occurs twice once", () => {
    const weight = new Float32Array(1000);
    expect(encodeMessage([weight, weight]).length).toBeLessThan(4100);
  });

  it("are refused where they are cut off, too long, or something else", () => {
    const bytes = encodeMessage({ a: Float64Array.of(1, 2, 3) });
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodeMessage(bytes.slice(0, length))).toThrow(/message/);
    expect(() => decodeMessage(Uint8Array.of(...bytes, 0))).toThrow(/expected/);
    const text = (header: string) => {
      const head = new TextEncoder().encode(header);
      const message = new Uint8Array(8 + Math.ceil(head.length / 8) * 8);
      message.set(new TextEncoder().encode("KLS1"));
      message[4] = head.length;
      message.set(head, 8);
      return message;
    };
    expect(() => decodeMessage(text("{"))).toThrow(/not JSON/);
    expect(() => decodeMessage(text('{"data":{},"arrays":[["float32",1e9]]}'))).toThrow(/cut off/);
    expect(() => decodeMessage(text('{"data":{},"arrays":[["code",1]]}'))).toThrow(/does not describe/);
    expect(() => decodeMessage(text('{"data":{"$":1},"arrays":[]}'))).toThrow(/no array 1/);
  });
});
