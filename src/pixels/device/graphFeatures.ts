/**
 * Features whose passes run as graphs on a provider. They are uploaded once, block by block; what does not fit is fed at each pass. A
 * pass then sends a classifier (and, for SVMs, the labels) and brings back sums, labels, or the scores that were asked for.
 */

import type { Graph } from "../../graph/value.ts";
import { columns } from "../../numeric/matrices.ts";
import { RuntimeError } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import type { LinearClassifier } from "../linearClassifier.ts";
import {
  type ClassPass,
  type NearestPass,
  type NearestPassRequest,
  type Pixels,
  type SvmPassRequest,
  withMembers,
} from "../pixels.ts";
import { classCount, gradientClasses, scoresArray } from "../ranges.ts";
import { labelTable, SparseBuilder } from "../svmPass.ts";
import {
  type Block,
  CLASS_STEP,
  DeviceBlocks,
  type DeviceOptions,
  type FedTensors,
  padded,
  type Results,
} from "./deviceBlocks.ts";
import type { FeatureBlocks } from "./featureBlocks.ts";
import { groups, nearestGraph, type PassShape, scoresGraph, sumsGraph, svmGraph } from "./graphPasses.ts";

export type GraphFeaturesOptions = DeviceOptions & JobOptions;

export interface GraphFeatures {
  /** The given features, with passes, and scores and gradients of all pixels, on the provider. The rest stays where it was. */
  readonly features: Pixels;
  /** Bytes of features that lie on the device. */
  readonly residentBytes: number;
  /** Frees the device. */
  close(): Promise<void>;
}

/** The score of classes that fill up: never the best. */
const NEVER = -1e30;
/** Scores may differ from the CPU's by this share of the largest. Single precision stays a tenth below; TF32 is far above. */
const SCORE_TOLERANCE = 2e-5;
/** Pixels whose scores are searched class by class while the processor's cache holds them. */
const TILE = 256;

/**
 * Uploads `blocks`, which hold the numbers of `features`, and compares scores with those of `features`. Rejects with RuntimeError where
 * the provider fails, or computes in less than single precision.
 */
export async function graphFeatures(
  features: Pixels,
  blocks: FeatureBlocks,
  options: GraphFeaturesOptions,
): Promise<GraphFeatures> {
  const device = await DeviceBlocks.open(blocks, options);
  const passes = new GraphPasses(features, device);
  try {
    await device.upload(options);
    const error = await passes.scoreError();
    if (error > SCORE_TOLERANCE)
      throw new RuntimeError(
        `provider "${options.provider}" computes scores with a relative error of ${error.toExponential(1)}; clustering needs ${SCORE_TOLERANCE}`,
      );
  } catch (error) {
    await device.close();
    throw error;
  }
  return {
    features: withMembers(features, {
      scores: (weight, bias, out, range) =>
        range === undefined ? passes.scores(weight, bias, out) : features.scores(weight, bias, out, range),
      gradient: (g, range) => (range === undefined ? passes.gradient(g) : features.gradient(g, range)),
      svm: (request) => (request.range === undefined ? passes.svm(request) : features.svm(request)),
      nearest: (classifier, request = {}) =>
        request.range === undefined ? passes.nearest(classifier, request) : features.nearest(classifier, request),
    }),
    residentBytes: device.residentBytes,
    close: () => device.close(),
  };
}

class GraphPasses {
  readonly #features: Pixels;
  readonly #device: DeviceBlocks;

  constructor(features: Pixels, device: DeviceBlocks) {
    this.#features = features;
    this.#device = device;
  }

  /** How far the scores of a few random classes over the first block are from the CPU's, as a share of the largest. */
  async scoreError(): Promise<number> {
    const { channels } = this.#features;
    const [block] = this.#device.blocks;
    const range = { start: 0, end: this.#device.pixels(block) };
    const random = new RandomState(0);
    const weight = Float32Array.from({ length: CLASS_STEP * channels }, () => random.randn());
    const bias = Float32Array.from({ length: CLASS_STEP }, () => random.randn());
    const expected = await this.#features.scores(weight, bias, undefined, range);
    const { scores } = await this.#scoresOf(block, weight, bias, 0, CLASS_STEP);
    let largest = 0;
    let worst = 0;
    for (let c = 0, at = 0; c < CLASS_STEP; c++)
      for (let n = 0; n < range.end; n++, at++) {
        largest = Math.max(largest, Math.abs(expected[at]));
        // NaN counts as an infinite error.
        const error = Math.abs(scores[n * CLASS_STEP + c] - expected[at]);
        worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
      }
    return worst / largest;
  }

  /** `Pixels.scores` of all pixels. */
  async scores(weight: Float32Array, bias: Float32Array, out?: Float32Array): Promise<Float32Array> {
    const { pixels, channels } = this.#features;
    const k = classCount(channels, weight, bias);
    const result = scoresArray(out, k, pixels);
    const write = async (block: Block, first: number, count: number): Promise<void> => {
      const { scores } = await this.#scoresOf(block, weight, bias, first, count);
      const rows = padded(count);
      const start = this.#device.start(block);
      for (let c = 0; c < count; c++)
        for (let at = c, to = (first + c) * pixels + start; at < scores.length; at += rows, to++)
          result[to] = scores[at];
    };
    await this.#device.inTurn(() => this.#device.forEachTurn(k, write));
    return result;
  }

  /** `Pixels.gradient` of all pixels. */
  async gradient(g: Float32Array): Promise<Float64Array> {
    const { pixels, channels } = this.#features;
    const k = gradientClasses(g, pixels);
    const result = new Float64Array(k * channels);
    const sum = async (block: Block, first: number, count: number): Promise<void> => {
      const rows = padded(count);
      const n = this.#device.pixels(block);
      const factor = new Float32Array(n * rows);
      for (let c = 0; c < count; c++)
        for (
          let at = c, from = (first + c) * pixels + this.#device.start(block);
          at < factor.length;
          at += rows, from++
        )
          factor[at] = g[from];
      const feeds = { ...(await this.#device.features(block)), factor: tensor([...groups(n), rows], factor) };
      const results = await this.#device.run(block, "sums", rows, sumsGraph, feeds);
      for (let c = 0; c < count; c++)
        this.#addSums(results, c, result.subarray((first + c) * channels, (first + c + 1) * channels));
    };
    await this.#device.inTurn(() => this.#device.forEachTurn(k, sum));
    return result;
  }

  async #scoresOf(
    block: Block,
    weight: Float32Array,
    bias: Float32Array,
    first: number,
    count: number,
  ): Promise<Results> {
    const feeds = { ...(await this.#device.features(block)), ...this.#classifierFeeds(weight, bias, first, count, 0) };
    return this.#device.run(block, "scores", padded(count), scoresGraph, feeds);
  }

  async svm(request: SvmPassRequest): Promise<ClassPass[]> {
    const { labels, classes, weight, bias } = request;
    const single = Array.from(classes).filter((own) => typeof own === "number");
    if (single.length === classes.length) return this.#device.inTurn(() => this.#svm(request, single));
    // Graphs compare labels: a class of several has a pass of its own, where they are one.
    const passes: ClassPass[] = [];
    const { channels } = this.#features;
    for (let c = 0; c < classes.length; c++) {
      const table = labelTable(classes[c]);
      const alone = {
        ...request,
        labels: labels.map((label) => table[label]),
        weight: weight.subarray(c * channels, (c + 1) * channels),
        bias: bias.subarray(c, c + 1),
      };
      passes.push(...(await this.#device.inTurn(() => this.#svm(alone, [1]))));
    }
    return passes;
  }

  async #svm(
    { labels, weight, bias, keep = false, near, gradient = false }: SvmPassRequest,
    classes: readonly number[],
  ): Promise<ClassPass[]> {
    const { channels } = this.#features;
    const k = classes.length;
    const scores = keep || near !== undefined;
    const totals = Array.from({ length: k }, () => ({
      loss: 0,
      predicted: 0,
      truePositive: 0,
      pull: 0,
      signedPull: 0,
      kept: new SparseBuilder(),
      pullGradient: gradient ? new Float64Array(channels) : undefined,
    }));
    await this.#device.forEachTurn(k, async (block, first, count) => {
      const own = this.#labels(labels, block);
      const names = new Float32Array(padded(count)).fill(-1);
      for (let c = 0; c < count; c++) names[c] = classes[first + c];
      const feeds = {
        ...(await this.#device.features(block)),
        ...this.#classifierFeeds(weight, bias, first, count, 0),
        label: own,
        class: tensor([1, 1, names.length], names),
      };
      const kind = `svm${gradient ? ", gradient" : ""}${scores ? ", scores" : ""}`;
      const build = (shape: PassShape): Graph => svmGraph(shape, { gradient, scores });
      const results = await this.#device.run(block, kind, names.length, build, feeds);
      for (const name of ["loss", "predicted", "truePositive", "pull", "signedPull"] as const)
        for (let at = 0; at < results[name].length; at += names.length)
          for (let c = 0; c < count; c++) totals[first + c][name] += results[name][at + c];
      for (let c = 0; c < count; c++) {
        const { pullGradient } = totals[first + c];
        if (pullGradient !== undefined) this.#addSums(results, c, pullGradient);
      }
      const builders = totals.slice(first, first + count).map(({ kept }) => kept);
      if (scores) gather(results["scores"], own.data, names, this.#device.start(block), { keep, near }, builders);
    });
    return totals.map(({ kept, ...total }) => ({ ...total, kept: kept.finish() }));
  }

  async nearest(classifier: LinearClassifier, request: NearestPassRequest): Promise<NearestPass> {
    // All classes of a pixel must be compared at once.
    if (this.#device.blocks.some((block) => classifier.k > this.#device.mostClasses(block)))
      return this.#features.nearest(classifier, request);
    return this.#device.inTurn(() => this.#nearest(classifier, request));
  }

  async #nearest(
    { k, weight, bias, channels }: LinearClassifier,
    { sums: summed = true, before }: NearestPassRequest,
  ): Promise<NearestPass> {
    const labels = new Uint16Array(this.#features.pixels);
    const sizes = new Float64Array(k);
    const sums = new Float64Array(k * channels);
    const kind = !summed ? "none" : before === undefined ? "all" : "change";
    let scored = 0;
    let at = 0;
    for (const block of this.#device.blocks) {
      const feeds = { ...(await this.#device.features(block)), ...this.#classifierFeeds(weight, bias, 0, k, NEVER) };
      if (kind === "change" && before !== undefined) feeds["before"] = this.#labels(before, block);
      const build = (shape: PassShape): Graph => nearestGraph(shape, kind);
      const results = await this.#device.run(block, `nearest, sums: ${kind}`, padded(k), build, feeds);
      for (const label of results["label"]) {
        labels[at++] = label;
        sizes[label]++;
      }
      for (const part of results["scored"]) scored += part;
      if (summed)
        for (let c = 0; c < k; c++) this.#addSums(results, c, sums.subarray(c * channels, (c + 1) * channels));
    }
    return { labels, sums, sizes, scored };
  }

  /** Adds class `c`'s sums of features of all levels to `total` [D]. */
  #addSums(results: Results, c: number, total: Float64Array): void {
    for (const [l, { channels, first }] of this.#device.source.levels.entries()) {
      const sums = results[`sums${l}`];
      for (let d = 0; d < channels; d++) total[first + d] += sums[c * channels + d];
    }
  }

  /** The labels of the block's pixels, as graphs take them. */
  #labels(labels: Uint16Array, block: Block): Tensor {
    const [start, n] = [this.#device.start(block), this.#device.pixels(block)];
    return tensor([...groups(n), 1], Float32Array.from(labels.subarray(start, start + n)));
  }

  /** Rows `first` to `first + count` of a classifier, by level, filled up with zeros and `filling` for a bias. */
  #classifierFeeds(
    weight: Float32Array,
    bias: Float32Array,
    first: number,
    count: number,
    filling: number,
  ): FedTensors {
    const { channels } = this.#features;
    const rows = padded(count);
    const some = weight.subarray(first * channels, (first + count) * channels);
    const biases = new Float32Array(rows).fill(filling);
    biases.set(bias.subarray(first, first + count));
    const feeds: FedTensors = { bias: tensor([1, 1, rows], biases) };
    for (const [l, level] of this.#device.source.levels.entries()) {
      const data = new Float32Array(rows * level.channels);
      data.set(columns(some, count, channels, level.first, level.channels));
      feeds[`weight${l}`] = tensor([rows, level.channels], data);
    }
    return feeds;
  }
}

/** Keeps scores [n,K] by `SvmPassRequest`'s rules. */
function gather(
  scores: Float32Array,
  labels: Float32Array,
  names: Float32Array,
  start: number,
  { keep, near }: { readonly keep: boolean; readonly near: number | undefined },
  kept: readonly SparseBuilder[],
): void {
  const leastScore = keep ? -1 : Number.POSITIVE_INFINITY;
  const leastMargin = near === undefined ? Number.POSITIVE_INFINITY : -near;
  const k = names.length;
  for (let first = 0; first < labels.length; first += TILE) {
    const end = Math.min(labels.length, first + TILE);
    for (const [c, builder] of kept.entries()) {
      builder.reserve(end - first);
      const { index, value } = builder;
      let used = builder.length;
      for (let n = first, at = first * k + c; n < end; n++, at += k) {
        const s = scores[at];
        const margin = labels[n] === names[c] ? 1 - s : 1 + s;
        if (s > leastScore || margin > leastMargin) {
          index[used] = start + n;
          value[used++] = s;
        }
      }
      builder.length = used;
    }
  }
}
