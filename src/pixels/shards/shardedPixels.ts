/**
 * Pixels in shards that others hold: each pass is asked of every shard that it concerns, and the answers are joined in the order of the
 * shards. Shards are fixed by what is clustered, not by who computes, so results are the same bits for any number of workers.
 */

import type { Blas } from "../../numeric/blas.ts";
import { accumulate } from "../../numeric/matrices.ts";
import { joinNearest, joinSvm } from "../joinPasses.ts";
import { pooled } from "../moments.ts";
import type { PixelRange, Pixels, SparseMap } from "../pixels.ts";
import { checkIndex, classCount, gradientClasses, resolveRange, scoresArray } from "../ranges.ts";
import type { ShardAnswers, ShardCall, ShardRequest } from "./shardPasses.ts";

/** How the pixels lie in shards, one after another. */
export interface ShardLayout {
  /** Pixels of each shard: multiples of `alignment`. */
  readonly pixels: readonly number[];
  readonly channels: number;
  readonly alignment: number;
}

/** Whoever has calls answered, each by a worker that holds its shard: the answers in the order of the calls, checked. */
export type AskShards = (calls: readonly ShardCall[]) => Promise<readonly ShardAnswers[keyof ShardAnswers][]>;

/** A part of a shard that a range of all pixels meets. */
interface Part {
  readonly shard: number;
  /** Among the pixels of the shard, and the first of them among those of the range asked for. */
  readonly range: PixelRange;
  readonly at: number;
}

/** The pixels of all shards. */
export function shardedPixels(layout: ShardLayout, ask: AskShards, blas: Blas): Pixels {
  return new ShardedPixels(layout, ask, blas);
}

class ShardedPixels implements Pixels {
  readonly pixels: number;
  readonly channels: number;
  readonly alignment: number;
  readonly blas: Blas;
  /** Every pass is a round trip. */
  readonly passCost = "dear";
  readonly #ask: AskShards;
  readonly #sizes: readonly number[];
  /** The first pixel of each shard. */
  readonly #firsts: readonly number[];

  constructor({ pixels, channels, alignment }: ShardLayout, ask: AskShards, blas: Blas) {
    let total = 0;
    this.#firsts = pixels.map((count) => {
      if (!(count > 0) || count % alignment !== 0)
        throw new RangeError(`shardedPixels: expected shards of a multiple of ${alignment} pixels, got ${count}`);
      total += count;
      return total - count;
    });
    this.#sizes = pixels;
    this.#ask = ask;
    this.pixels = total;
    this.channels = channels;
    this.alignment = alignment;
    this.blas = blas;
  }

  async scores(weight: Float32Array, bias: Float32Array, out?: Float32Array, range?: PixelRange) {
    const { start, end } = resolveRange(this, range);
    const k = classCount(this.channels, weight, bias);
    const n = end - start;
    const result = scoresArray(out, k, n);
    const parts = this.#parts({ start, end });
    const found = await this.#all("scores", parts, () => ({ weight, bias }));
    for (const [i, { at, range: own }] of parts.entries()) {
      const count = own.end - own.start;
      for (let c = 0; c < k; c++) result.set(found[i].subarray(c * count, (c + 1) * count), c * n + at);
    }
    return result;
  }

  async gradient(g: Float32Array, range?: PixelRange) {
    const { start, end } = resolveRange(this, range);
    const n = end - start;
    const k = gradientClasses(g, n);
    const found = await this.#all("gradient", this.#parts({ start, end }), ({ at, range: own }) => {
      const count = own.end - own.start;
      const part = new Float32Array(k * count);
      for (let c = 0; c < k; c++) part.set(g.subarray(c * n + at, c * n + at + count), c * count);
      return { g: part };
    });
    const result = new Float64Array(k * this.channels);
    for (const part of found) accumulate(result, part);
    return result;
  }

  async rows(index: Int32Array, out: Float32Array = new Float32Array(index.length * this.channels)) {
    checkIndex(index, this.pixels);
    const { channels } = this;
    const gathered = this.#gather(index);
    const found = await this.#call(
      gathered.map(({ shard, own }) => ({ shard, request: { pass: "rows" as const, index: own } })),
    );
    for (const [i, { positions }] of gathered.entries())
      for (let j = 0; j < positions.length; j++)
        out.set(found[i].subarray(j * channels, (j + 1) * channels), positions[j] * channels);
    return out;
  }

  async rowSums(index: Int32Array, factors: Float32Array) {
    const { channels } = this;
    const r = index.length === 0 ? 0 : factors.length / index.length;
    const found = await this.#call(
      this.#gather(index).map(({ shard, own, positions }) => {
        const part = new Float32Array(r * own.length);
        for (let i = 0; i < r; i++)
          for (let j = 0; j < own.length; j++) part[i * own.length + j] = factors[i * index.length + positions[j]];
        return { shard, request: { pass: "rowSums" as const, index: own, factors: part } };
      }),
    );
    const squares = new Float64Array(channels * channels);
    const sums = new Float64Array(r * channels);
    for (const part of found) {
      accumulate(squares, part.squares);
      accumulate(sums, part.sums);
    }
    return { squares, sums };
  }

  async svm({ labels, range, ...request }: Parameters<Pixels["svm"]>[0]) {
    const parts = this.#parts(resolveRange(this, range));
    const found = await this.#all("svm", parts, (part) => ({ ...request, labels: slice(labels, part) }));
    for (const [i, passes] of found.entries()) for (const { kept } of passes) count(kept, this.#firsts[parts[i].shard]);
    return joinSvm(found, request.classes.length);
  }

  async nearest(classifier: Parameters<Pixels["nearest"]>[0], request: Parameters<Pixels["nearest"]>[1] = {}) {
    const { before, range, ...wanted } = request;
    const found = await this.#all("nearest", this.#parts(resolveRange(this, range)), (part) => ({
      ...wanted,
      classifier,
      ...(before && { before: slice(before, part) }),
    }));
    return joinNearest(found, classifier);
  }

  async spread(range?: PixelRange) {
    const parts = this.#parts(resolveRange(this, range));
    const found = await this.#all("spread", parts, () => ({}));
    return pooled(found.map((spread, i) => ({ spread, pixels: parts[i].range.end - parts[i].range.start })));
  }

  /** The shards that a range meets, in their order. */
  #parts({ start, end }: PixelRange): Part[] {
    return this.#sizes.flatMap((size, shard) => {
      const first = this.#firsts[shard];
      const from = Math.max(start, first);
      const to = Math.min(end, first + size);
      return from < to ? [{ shard, range: { start: from - first, end: to - first }, at: from - start }] : [];
    });
  }

  /** The pixels of `index` by shard: their numbers there, and their positions in `index`. */
  #gather(index: Int32Array): { shard: number; own: Int32Array; positions: Int32Array }[] {
    const shardOf = new Int32Array(index.length);
    const counts = new Int32Array(this.#sizes.length);
    let shard = 0;
    for (let i = 0; i < index.length; i++) {
      while (index[i] < this.#firsts[shard]) shard--;
      while (index[i] >= this.#firsts[shard] + this.#sizes[shard]) shard++;
      shardOf[i] = shard;
      counts[shard]++;
    }
    const gathered = this.#sizes.map((_, s) => ({
      shard: s,
      own: new Int32Array(counts[s]),
      positions: new Int32Array(counts[s]),
    }));
    counts.fill(0);
    for (let i = 0; i < index.length; i++) {
      const s = shardOf[i];
      gathered[s].own[counts[s]] = index[i] - this.#firsts[s];
      gathered[s].positions[counts[s]++] = i;
    }
    return gathered.filter(({ own }) => own.length > 0);
  }

  /** The answers of all `parts` to one pass. */
  #all<P extends RangePass>(
    pass: P,
    parts: readonly Part[],
    argumentsOf: (part: Part) => Omit<Extract<ShardRequest, { pass: P }>, "pass" | "range">,
  ): Promise<ShardAnswers[P][]> {
    return this.#call(
      parts.map((part) => {
        const request = { pass, range: part.range, ...argumentsOf(part) };
        return { shard: part.shard, request: request as unknown as Extract<ShardRequest, { pass: P }> };
      }),
    );
  }

  async #call<P extends keyof ShardAnswers>(
    calls: readonly ShardCall<Extract<ShardRequest, { pass: P }>>[],
  ): Promise<ShardAnswers[P][]> {
    return (await this.#ask(calls)) as ShardAnswers[P][];
  }
}

type RangePass = Extract<ShardRequest, { range: PixelRange }>["pass"];

const slice = (labels: Uint16Array, { at, range: { start, end } }: Part): Uint16Array =>
  labels.subarray(at, at + end - start);

/** From now on the pixels count from that of all shards, `first` being the shard's first. */
function count({ index }: SparseMap, first: number): void {
  for (let i = 0; i < index.length; i++) index[i] += first;
}
