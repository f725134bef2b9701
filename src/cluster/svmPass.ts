import { type LinearFeatures, type PixelRange, pixelRanges, resolveRange } from "./linearFeatures.ts";

/** Pixels, ascending, and a value for each. */
export interface SparseMap {
  readonly index: Int32Array;
  readonly value: Float32Array;
}

/** What one pass over all pixels says about one hyperplane as the classifier of one class. */
export interface ClassPass {
  /** sum_n max(0, margin_n)^2. */
  readonly loss: number;
  /** Pixels with s > 0, and those among them that belong to the class. */
  readonly predicted: number;
  readonly truePositive: number;
  /** Scores of the pixels asked for; else empty. */
  readonly kept: SparseMap;
  /** sum_n max(0, margin_n), that of y_n max(0, margin_n), and, if asked for, that of y_n max(0, margin_n) x_n. */
  readonly pull: number;
  readonly signedPull: number;
  readonly pullGradient: Float64Array | undefined;
}

export interface PassRequest {
  /** Class of each pixel of the range. */
  readonly labels: Uint16Array;
  /** The class that each row of `weight` [K,D] and `bias` [K] separates from the rest. */
  readonly classes: ArrayLike<number>;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
  /** Keep the scores of pixels with s > -1: those of the confidence map. */
  readonly keep?: boolean;
  /** Keep those of pixels with a margin above minus this instead. */
  readonly near?: number;
  readonly gradient?: boolean;
  /** Default: all pixels. */
  readonly range?: PixelRange;
}

/** Scores all pixels of the range, a chunk at a time, and gathers each class's loss, counts, kept scores and gradient. */
export async function svmPass(features: LinearFeatures, request: PassRequest): Promise<ClassPass[]> {
  if (features.passes !== undefined && request.range === undefined) return features.passes.svm(request);
  const { labels, classes, weight, bias, keep = false, near } = request;
  const k = classes.length;
  const whole = resolveRange(features, request.range);
  const ranges = pixelRanges(features, undefined, whole);
  const largest = ranges.length === 0 ? 0 : ranges[0].end - ranges[0].start;
  const buffer = new Float32Array(k * largest);
  const kept = Array.from({ length: k }, () => new SparseBuilder());
  const loss = new Float64Array(k);
  const pull = new Float64Array(k);
  const signedPull = new Float64Array(k);
  const predicted = new Float64Array(k);
  const truePositive = new Float64Array(k);
  const gradient = request.gradient ? new Float64Array(k * features.channels) : undefined;
  for (const range of ranges) {
    const n = range.end - range.start;
    const first = range.start - whole.start;
    const scores = await features.scores(weight, bias, buffer.subarray(0, k * n), range);
    for (let c = 0; c < k; c++) {
      const own = classes[c];
      const builder = kept[c];
      if (keep || near !== undefined) builder.reserve(n);
      const { index, value } = builder;
      let used = builder.length;
      let squares = 0;
      let positives = 0;
      let hits = 0;
      let ownPull = 0;
      let otherPull = 0;
      for (let i = 0, at = c * n; i < n; i++, at++) {
        const s = scores[at];
        const positive = labels[first + i] === own;
        const margin = positive ? 1 - s : 1 + s;
        if (near === undefined ? keep && s > -1 : margin > -near) {
          index[used] = range.start + i;
          value[used++] = s;
        }
        if (s > 0) {
          positives++;
          if (positive) hits++;
        }
        if (margin > 0) {
          squares += margin * margin;
          if (positive) ownPull += margin;
          else otherPull += margin;
          scores[at] = positive ? margin : -margin;
        } else scores[at] = 0;
      }
      builder.length = used;
      loss[c] += squares;
      predicted[c] += positives;
      truePositive[c] += hits;
      pull[c] += ownPull + otherPull;
      signedPull[c] += ownPull - otherPull;
    }
    if (gradient !== undefined) {
      // The chunk's scores have become y * max(0, margin).
      const part = await features.gradient(scores, range);
      for (let j = 0; j < part.length; j++) gradient[j] += part[j];
    }
  }
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

/** A growing `SparseMap`. */
export class SparseBuilder {
  length = 0;
  index = new Int32Array(256);
  value = new Float32Array(256);

  /** Makes room for `extra` more entries. */
  reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.index.length) return;
    const capacity = Math.max(needed, Math.ceil(this.index.length * 1.5));
    const index = new Int32Array(capacity);
    const value = new Float32Array(capacity);
    index.set(this.index.subarray(0, this.length));
    value.set(this.value.subarray(0, this.length));
    this.index = index;
    this.value = value;
  }

  /** What was gathered. The builder is empty afterwards, and its memory free. */
  finish(): SparseMap {
    const map = { index: this.index.slice(0, this.length), value: this.value.slice(0, this.length) };
    this.index = new Int32Array(0);
    this.value = new Float32Array(0);
    this.length = 0;
    return map;
  }
}
