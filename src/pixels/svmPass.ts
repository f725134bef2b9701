/** `Pixels.svm` for any features, from their scores and gradients. */

import { accumulate } from "../numeric/matrices.ts";
import type { ClassLabels, ClassPass, LinearPixels, SparseMap, SvmPassRequest } from "./pixels.ts";
import { pixelRanges, resolveRange } from "./ranges.ts";

const NO_FLOATS = new Float32Array(0);
const NO_INTEGERS = new Int32Array(0);
/** Numbers of memory that passes keep for each other: it is large, wanted hundreds of times, and the collector would be busy with it. */
const MOST_SPARE = 1 << 20;
let spareScores = NO_FLOATS;

/** 1 at the labels of the class, else 0. */
export function labelTable(own: ClassLabels): Uint8Array {
  const table = new Uint8Array(2 ** 16);
  for (const label of typeof own === "number" ? [own] : own) table[label] = 1;
  return table;
}

/** Pixels of one working chunk where there is one class, and the features are in memory: few numbers come of many, and calls cost more. */
const ONE_CLASS_CHUNK = 1 << 17;

/** `svmPass` of features in memory. */
export const svmPassInMemory = (features: LinearPixels, request: SvmPassRequest): Promise<ClassPass[]> =>
  svmPass(features, request, request.classes.length === 1 ? { size: ONE_CLASS_CHUNK } : {});

interface PassOptions {
  /** Pixels of a chunk, about. */
  readonly size?: number;
  /** How often each pixel of the range counts in losses, pulls and gradient. Default: once. */
  readonly weights?: Float32Array;
}

/** `Pixels.svm` by scores and gradients, a chunk of pixels at a time. */
export async function svmPass(
  features: LinearPixels,
  request: SvmPassRequest,
  { size, weights }: PassOptions = {},
): Promise<ClassPass[]> {
  const { labels, classes, weight, bias, keep = false, near } = request;
  const k = classes.length;
  const whole = resolveRange(features, request.range);
  const ranges = pixelRanges(features, size, whole);
  const largest = ranges.length === 0 ? 0 : ranges[0].end - ranges[0].start;
  const buffer = spareScores.length < k * largest ? new Float32Array(k * largest) : spareScores;
  spareScores = NO_FLOATS;
  const kept = Array.from({ length: k }, () => new SparseBuilder());
  const loss = new Float64Array(k);
  const pull = new Float64Array(k);
  const signedPull = new Float64Array(k);
  const predicted = new Float64Array(k);
  const truePositive = new Float64Array(k);
  const leastScore = keep ? -1 : Number.POSITIVE_INFINITY;
  const leastMargin = near === undefined ? Number.POSITIVE_INFINITY : -near;
  const owns = Array.from(classes, (own) => (typeof own === "number" ? own : labelTable(own)));
  const gradient = request.gradient ? new Float64Array(k * features.channels) : undefined;
  for (const range of ranges) {
    const n = range.end - range.start;
    const first = range.start - whole.start;
    const scores = await features.scores(weight, bias, buffer.subarray(0, k * n), range);
    for (let c = 0; c < k; c++) {
      const builder = kept[c];
      if (keep || near !== undefined) builder.reserve(n);
      const own = scores.subarray(c * n, (c + 1) * n);
      const counted = weights?.subarray(first, first + n);
      const given = labels.subarray(first, first + n);
      const sums = scan(own, given, counted, owns[c], builder, range.start, leastScore, leastMargin);
      loss[c] += sums.loss;
      predicted[c] += sums.predicted;
      truePositive[c] += sums.truePositive;
      pull[c] += sums.ownPull + sums.otherPull;
      signedPull[c] += sums.ownPull - sums.otherPull;
    }
    if (gradient !== undefined) {
      // The chunk's scores have become y * max(0, margin).
      accumulate(gradient, await features.gradient(scores, range));
    }
  }
  if (buffer.length <= MOST_SPARE) spareScores = buffer;
  return kept.map((builder, c) => ({
    loss: loss[c],
    predicted: predicted[c],
    truePositive: truePositive[c],
    kept: builder.finish(),
    pull: pull[c],
    signedPull: signedPull[c],
    pullGradient: gradient?.subarray(c * features.channels, (c + 1) * features.channels),
  }));
}

/**
 * One class's scores of consecutive pixels from `start`: what they sum to, and those to keep, above a score or a margin. The scores become
 * y max(0, margin), as often as the pixel counts. `own` is the class's label, or the table of its labels.
 */
function scan(
  scores: Float32Array,
  labels: Uint16Array,
  weights: Float32Array | undefined,
  own: number | Uint8Array,
  builder: SparseBuilder,
  start: number,
  leastScore: number,
  leastMargin: number,
) {
  const { index, value } = builder;
  const [one, table] = typeof own === "number" ? [own, undefined] : [-1, own];
  let used = builder.length;
  let [loss, predicted, truePositive, ownPull, otherPull] = [0, 0, 0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    const s = scores[i];
    const positive = table === undefined ? labels[i] === one : table[labels[i]] === 1;
    const margin = positive ? 1 - s : 1 + s;
    if (s > leastScore || margin > leastMargin) {
      index[used] = start + i;
      value[used++] = s;
    }
    if (s > 0) {
      predicted++;
      if (positive) truePositive++;
    }
    if (margin > 0) {
      const pull = weights === undefined ? margin : weights[i] * margin;
      loss += pull * margin;
      if (positive) ownPull += pull;
      else otherPull += pull;
      scores[i] = positive ? pull : -pull;
    } else scores[i] = 0;
  }
  builder.length = used;
  return { loss, predicted, truePositive, ownPull, otherPull };
}

/** The room of the builder that was finished last, if it is larger than that of those before. */
let spareRoom = { index: NO_INTEGERS, value: NO_FLOATS };

/** A growing `SparseMap`. */
export class SparseBuilder {
  length = 0;
  index = NO_INTEGERS;
  value = NO_FLOATS;

  /** Makes room for `extra` more entries. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.index.length) return;
    if (this.length === 0 && needed <= spareRoom.index.length) {
      ({ index: this.index, value: this.value } = spareRoom);
      spareRoom = { index: NO_INTEGERS, value: NO_FLOATS };
      return;
    }
    const capacity = Math.max(needed, Math.ceil(this.index.length * 1.5));
    const index = new Int32Array(capacity);
    const value = new Float32Array(capacity);
    index.set(this.index.subarray(0, this.length));
    value.set(this.value.subarray(0, this.length));
    this.index = index;
    this.value = value;
  }

  /** What was gathered. The builder is empty afterwards, and its memory free, or the next one's. */
  finish(): SparseMap {
    const { index, value } = this;
    const map = { index: index.slice(0, this.length), value: value.slice(0, this.length) };
    if (index.length > spareRoom.index.length && index.length <= MOST_SPARE) spareRoom = { index, value };
    this.index = NO_INTEGERS;
    this.value = NO_FLOATS;
    this.length = 0;
    return map;
  }
}
