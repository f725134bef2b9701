/**
 * What is asked of a shard, as data: passes over its pixels, counted from its first. Every answer is a sum, or numbers of single pixels, so
 * those of all shards are joined in the order of the shards, whoever gave them.
 */

import type { LinearClassifier } from "../linearClassifier.ts";
import type {
  ClassPass,
  NearestPass,
  NearestPassRequest,
  PixelRange,
  Pixels,
  RowSums,
  Spread,
  SvmPassRequest,
} from "../pixels.ts";

/** A pass over the pixels of one shard, or a range of them: the members of `Pixels` with their arguments; or the numbers that its features are made from. */
export type ShardRequest =
  | { readonly pass: "scores"; readonly weight: Float32Array; readonly bias: Float32Array; readonly range: PixelRange }
  | { readonly pass: "gradient"; readonly g: Float32Array; readonly range: PixelRange }
  | { readonly pass: "maps" }
  | { readonly pass: "rows"; readonly index: Int32Array }
  | { readonly pass: "rowSums"; readonly index: Int32Array; readonly factors: Float32Array }
  | ({ readonly pass: "svm"; readonly range: PixelRange } & SvmPassRequest)
  | ({
      readonly pass: "nearest";
      readonly classifier: LinearClassifier;
      readonly range: PixelRange;
    } & NearestPassRequest)
  | { readonly pass: "spread"; readonly range: PixelRange };

/** What each pass is answered with. */
export interface ShardAnswers {
  readonly scores: Float32Array;
  readonly gradient: Float64Array;
  readonly maps: Float32Array;
  readonly rows: Float32Array;
  readonly rowSums: RowSums;
  readonly svm: ClassPass[];
  readonly nearest: NearestPass;
  readonly spread: Spread;
}

/** The answer to any pass. */
export type ShardAnswer = ShardAnswers[keyof ShardAnswers];

/** A request, and the number of the shard that it goes to. */
export interface ShardCall<R extends ShardRequest = ShardRequest> {
  readonly shard: number;
  readonly request: R;
}

/** The features of a shard, as whoever holds it has them. */
export interface ShardFeatures {
  readonly pixels: Pixels;
  /** The numbers that they are made from, in an order that the run knows; undefined where there are rows alone. */
  readonly maps?: (() => Float32Array) | undefined;
}

/** Runs a pass over the pixels of a shard. */
async function passOver({ pixels, maps }: ShardFeatures, request: ShardRequest): Promise<ShardAnswer> {
  switch (request.pass) {
    case "maps":
      if (maps === undefined) throw new RangeError("asked for the maps of pixels that are chosen");
      return maps();
    case "scores":
      return pixels.scores(request.weight, request.bias, undefined, request.range);
    case "gradient":
      return pixels.gradient(request.g, request.range);
    case "rows":
      return pixels.rows(request.index);
    case "rowSums":
      return pixels.rowSums(request.index, request.factors);
    case "svm":
      return pixels.svm(request);
    case "nearest":
      return pixels.nearest(request.classifier, request);
    case "spread":
      return pixels.spread(request.range);
  }
}

/** The features of some shards, computed when they are first asked for, and kept: what a worker does. */
export class ShardHolder {
  readonly #open: (shard: number) => Promise<ShardFeatures>;
  readonly #held = new Map<number, Promise<ShardFeatures>>();

  /** `open` computes the features of a shard: the same ones whenever, and wherever, it is called. */
  constructor(open: (shard: number) => Promise<ShardFeatures>) {
    this.#open = open;
  }

  /** The answers to `calls` in their order. The features of shards that are not in `keep` are let go. */
  async answer(calls: readonly ShardCall[], keep: readonly number[]): Promise<ShardAnswer[]> {
    for (const shard of this.#held.keys()) if (!keep.includes(shard)) this.#held.delete(shard);
    const answers: ShardAnswer[] = [];
    for (const { shard, request } of calls) answers.push(await passOver(await this.#features(shard), request));
    return answers;
  }

  #features(shard: number): Promise<ShardFeatures> {
    let features = this.#held.get(shard);
    if (features === undefined) {
      features = this.#open(shard);
      this.#held.set(shard, features);
    }
    return features;
  }
}
