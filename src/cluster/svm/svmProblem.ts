import { subset } from "../../pixels/denseFeatures.ts";
import type { ClassPass, Pixels, SparseMap } from "../../pixels/pixels.ts";
import { RandomState } from "../../tensor/random.ts";
import { type Curvature, type Hyperplane, NewtonBuffers, NewtonSvm } from "./newtonSvm.ts";

/** The weight of the squared hinge in Eq. 3, as the paper sets it. */
export const DEFAULT_C = 5000;
export const DEFAULT_TOLERANCE = 1e-3;

/** The inner solver stops this much below the certified tolerance, so that one certifying pass mostly suffices. */
export const INNER_SHARE = 0.3;
/** The bias gradient may be this share of the active pixels' total pull on the bias. */
const BIAS_TOLERANCE = 1e-2;
/** Objectives below this share of C count as zero: a class without pixels is solved exactly by w = 0, b = -1. */
const NEGLIGIBLE = 1e-12;

/**
 * Pixels with a margin above minus this make up a working set: no other is likely to become active. Those that do are found by the
 * certifying pass, which follows in any case.
 */
export const NEAR = 0.5;
/** Where such a set is too large, pixels nearer to the margin make up a smaller one. */
const NEARER = [0.25, 0.1, 0.03];
/** A larger working set is not made dense: in bytes, and as a share of all pixels. */
const WORKING_BYTES = 256 * 2 ** 20;
const WORKING_SHARE = 0.25;

/**
 * The sample that is solved before all pixels: this share of them, at most so many, and none where that would be less than so many, or
 * than so many per channel: a step costs mainly its Hessian there, as much as on all pixels.
 */
const SAMPLE_PART = 0.25;
const SAMPLE_MOST = 16384;
const SAMPLE_LEAST = 6144;
const SAMPLE_LEAST_PER_CHANNEL = 16;
/** Bytes that a sample's dense rows may take. */
const SAMPLE_BYTES = 64 * 2 ** 20;
/** Relative gap at which a sample is solved well enough. */
export const SAMPLE_TOLERANCE = 0.3;

/** The binary L2-SVMs of Eq. 3 over one set of features. Rows of hyperplanes are kept rounded to float32, as they are used. */
export class SvmProblem {
  readonly features: Pixels;
  readonly c: number;
  readonly tolerance: number;
  /** C/N of Eq. 3. */
  readonly penalty: number;
  #sample: { readonly index: Int32Array; readonly problem: SvmProblem } | undefined;
  readonly #buffers = new NewtonBuffers();
  /** The dense rows of working sets. */
  #rows = new Float32Array(0);

  constructor(features: Pixels, c: number, tolerance: number) {
    this.features = features;
    this.c = c;
    this.tolerance = tolerance;
    this.penalty = c / features.pixels;
  }

  /**
   * Solves the SVM of class `own` from and into `plane`, to `tolerance`, on its working set `near`: pixels with a margin above -NEAR and
   * their scores (spoiled).
   */
  async solve(
    labels: Uint16Array,
    own: number,
    plane: Hyperplane,
    near: SparseMap,
    tolerance: number,
    curvature: Curvature = {},
  ): Promise<void> {
    for (const margin of [NEAR, ...NEARER]) {
      const set = margin === NEAR ? near : nearer(labels, own, near, margin);
      if (!this.isWorkingSet(set)) continue;
      await this.solveWorking(signsOf(labels, set.index, own), plane, set, tolerance, curvature);
      return;
    }
    const { features, penalty } = this;
    const signs = signsOfAll(labels, own);
    const scores = await features.scores(Float32Array.from(plane.weight), Float32Array.of(plane.bias));
    await new NewtonSvm(features, this.#buffers).minimise(signs, plane, scores, { penalty, tolerance, curvature });
    roundPlane(plane);
  }

  /** Whether `near` can be solved by itself. */
  isWorkingSet(near: SparseMap): boolean {
    const { channels } = this.features;
    const count = near.index.length;
    // Too few pixels would leave directions in which nothing holds the hyperplane.
    return count > channels && count <= this.#mostWorking;
  }

  /** Pixels of the largest working set. */
  get #mostWorking(): number {
    const { pixels, channels } = this.features;
    return Math.floor(Math.min(WORKING_SHARE * pixels, WORKING_BYTES / (4 * channels)));
  }

  /** `solve` on a working set, of which `signs` holds the y. */
  async solveWorking(
    signs: Int8Array,
    plane: Hyperplane,
    near: SparseMap,
    tolerance: number,
    curvature: Curvature = {},
  ): Promise<void> {
    const { features, penalty } = this;
    const numbers = near.index.length * features.channels;
    // Room for the largest at once, of which what is not used takes no memory: growing would leave large garbage.
    if (this.#rows.length < numbers) this.#rows = new Float32Array(this.#mostWorking * features.channels);
    const working = subset(features, near.index, this.#rows.subarray(0, numbers));
    await new NewtonSvm(working, this.#buffers).minimise(signs, plane, near.value, { penalty, tolerance, curvature });
    roundPlane(plane);
  }

  /** f of Eq. 3, the relative gap that |g_w|^2 / 2 certifies, and whether gap and bias gradient are small enough. */
  certify(
    weight: ArrayLike<number>,
    pass: Pick<ClassPass, "loss" | "pull" | "signedPull" | "pullGradient">,
    tolerance = this.tolerance,
  ): { readonly objective: number; readonly gap: number; readonly certified: boolean } {
    const { penalty } = this;
    const pullGradient = pass.pullGradient;
    if (pullGradient === undefined) throw new Error("certify: the pass has no gradient");
    let norm = 0;
    let squared = 0;
    for (let d = 0; d < weight.length; d++) {
      const g = weight[d] - 2 * penalty * pullGradient[d];
      norm += weight[d] * weight[d];
      squared += g * g;
    }
    const objective = 0.5 * norm + penalty * pass.loss;
    const excess = 0.5 * squared;
    const gap = excess <= NEGLIGIBLE * this.c ? 0 : excess / objective;
    const balanced = Math.abs(pass.signedPull) <= BIAS_TOLERANCE * pass.pull || objective <= NEGLIGIBLE * this.c;
    return { objective, gap, certified: gap <= tolerance && balanced };
  }

  /** The problem on a random sample of the pixels, ascending; undefined where there are too few pixels to need one. */
  sample(): { readonly index: Int32Array; readonly problem: SvmProblem } | undefined {
    const { pixels, channels } = this.features;
    const room = Math.floor(SAMPLE_BYTES / (4 * channels));
    const size = Math.min(SAMPLE_MOST, room, Math.floor(SAMPLE_PART * pixels));
    if (size < Math.min(Math.max(SAMPLE_LEAST, SAMPLE_LEAST_PER_CHANNEL * channels), room)) return undefined;
    if (this.#sample === undefined) {
      const index = new RandomState(0).permutation(pixels).slice(0, size).sort();
      this.#sample = { index, problem: new SvmProblem(subset(this.features, index), this.c, this.tolerance) };
    }
    return this.#sample;
  }
}

/** The pixels of `near` with a margin above minus `most`, for class `own`. */
function nearer(labels: Uint16Array, own: number, { index, value }: SparseMap, most: number): SparseMap {
  const isNear = (i: number): boolean => (labels[index[i]] === own ? 1 - value[i] : 1 + value[i]) > -most;
  let count = 0;
  for (let i = 0; i < index.length; i++) if (isNear(i)) count++;
  const some = { index: new Int32Array(count), value: new Float32Array(count) };
  for (let i = 0, to = 0; i < index.length; i++)
    if (isNear(i)) {
      some.index[to] = index[i];
      some.value[to++] = value[i];
    }
  return some;
}

/** Rounds to float32, as hyperplanes are kept. */
function roundPlane(plane: Hyperplane): void {
  for (let d = 0; d < plane.weight.length; d++) plane.weight[d] = Math.fround(plane.weight[d]);
  plane.bias = Math.fround(plane.bias);
}

/** The labels of the pixels in `index`. */
export function labelsOf(labels: Uint16Array, index: Int32Array): Uint16Array {
  const some = new Uint16Array(index.length);
  for (let i = 0; i < index.length; i++) some[i] = labels[index[i]];
  return some;
}

/** y of the pixels in `index`: +1 for class `own`, else -1. */
export function signsOf(labels: Uint16Array, index: Int32Array, own: number): Int8Array {
  const signs = new Int8Array(index.length);
  for (let i = 0; i < index.length; i++) signs[i] = labels[index[i]] === own ? 1 : -1;
  return signs;
}

/** `signsOf` all pixels. */
export function signsOfAll(labels: Uint16Array, own: number): Int8Array {
  const signs = new Int8Array(labels.length);
  for (let n = 0; n < signs.length; n++) signs[n] = labels[n] === own ? 1 : -1;
  return signs;
}
