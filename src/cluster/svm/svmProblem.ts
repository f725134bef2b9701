/** The binary L2-SVMs of Eq. 3 over one set of pixels: passes over all of them, certificates, and what is solved on few of them. */

import { subset } from "../../pixels/denseFeatures.ts";
import type { ClassLabels, ClassPass, Pixels, SparseMap, SvmPassRequest } from "../../pixels/pixels.ts";
import { svmPass } from "../../pixels/svmPass.ts";
import { randomSubset } from "../../tensor/random.ts";
import { nearMargin, pick, signsOf } from "./hinge.ts";
import { type Curvature, type Hyperplane, NewtonBuffers, type NewtonOptions, NewtonSvm } from "./newtonSvm.ts";

/** The weight of the squared hinge in Eq. 3, as the paper sets it. */
export const DEFAULT_C = 5000;
export const DEFAULT_TOLERANCE = 1e-3;

/** The bias gradient may be this share of the active pixels' total pull on the bias. */
const BIAS_TOLERANCE = 1e-2;
/** Objectives below this share of C count as zero: a class without pixels is solved exactly by w = 0, b = -1. */
const NEGLIGIBLE = 1e-12;

/**
 * Pixels with a margin above minus this are near: no other is likely to become active. Those that do are found by the certifying pass,
 * which follows in any case.
 */
export const NEAR = 0.5;
/** Where the near ones are too many, pixels nearer to the margin are taken instead. */
const MARGINS = [NEAR, 0.25, 0.1, 0.03];
/** More near pixels are not made dense: in bytes, and as a share of all pixels. */
const NEAR_BYTES = 256 * 2 ** 20;
const NEAR_SHARE = 0.25;

/** Pixels that a class is solved on by themselves: their y, and their scores. */
export interface NearPixels {
  readonly signs: Int8Array;
  readonly near: SparseMap;
}

/** Hyperplanes are kept rounded to float32, as they are used. */
export class SvmProblem {
  readonly features: Pixels;
  readonly c: number;
  readonly tolerance: number;
  /** Of a sample: the problem that it was taken from, whose sample other threads have too. */
  readonly whole: SvmProblem | undefined;
  /** How often each pixel counts, where that is not once. Other threads do not know: none may help then. */
  readonly weights: Float32Array | undefined;
  /** C/N of Eq. 3. */
  readonly penalty: number;
  readonly #buffers = new NewtonBuffers();
  /** The dense rows of near pixels. */
  #rows = new Float32Array(0);
  #sample: { readonly index: Int32Array; readonly problem: SvmProblem } | undefined;

  constructor(
    features: Pixels,
    c: number,
    tolerance: number,
    { whole, weights }: { readonly whole?: SvmProblem; readonly weights?: Float32Array | undefined } = {},
  ) {
    this.features = features;
    this.c = c;
    this.tolerance = tolerance;
    this.whole = whole;
    this.weights = weights;
    this.penalty = c / (weights?.reduce((sum, weight) => sum + weight, 0) ?? features.pixels);
  }

  /** A pass over all pixels by the hyperplanes of `classes`. */
  pass(
    labels: Uint16Array,
    classes: readonly ClassLabels[],
    planes: readonly Plane[],
    wanted: Pick<SvmPassRequest, "keep" | "near" | "gradient">,
  ): Promise<ClassPass[]> {
    const { features, weights } = this;
    const request = { labels, classes, ...stackPlanes(planes, features.channels), ...wanted };
    return weights === undefined ? features.svm(request) : svmPass(features, request, { weights });
  }

  /** f of Eq. 3, the relative gap that |g_w|^2 / 2 certifies, and whether gap and bias gradient are small enough. */
  certify(
    weight: ArrayLike<number>,
    pass: ClassPass,
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
    return { objective, gap, certified: gap <= this.tolerance && balanced };
  }

  /**
   * Solves the SVM of a class from and into `plane`, to the relative gap `tolerance`, on the pixels of `near`: all with a margin above
   * -NEAR, and their scores. On all pixels where those are too few or too many.
   */
  async solve(
    labels: Uint16Array,
    own: ClassLabels,
    plane: Hyperplane,
    near: SparseMap,
    tolerance: number,
    curvature?: Curvature,
  ): Promise<void> {
    const alone = this.alone(labels, own, near);
    return alone === undefined
      ? this.solveAll(labels, own, plane, tolerance, curvature)
      : this.solveNear(alone.signs, plane, alone.near, tolerance, curvature);
  }

  /** `solve` on all pixels. */
  async solveAll(
    labels: Uint16Array,
    own: ClassLabels,
    plane: Hyperplane,
    tolerance: number,
    curvature?: Curvature,
  ): Promise<void> {
    const { features } = this;
    const scores = await features.scores(Float32Array.from(plane.weight), Float32Array.of(plane.bias));
    await this.#minimise(features, signsOf(labels, own), plane, scores, {
      tolerance,
      weights: this.weights,
      curvature,
    });
  }

  /** Those of the `near` pixels that a class can be solved on by themselves, and their y; undefined where it takes all pixels. */
  alone(labels: Uint16Array, own: ClassLabels, near: SparseMap): NearPixels | undefined {
    const signs = signsOf(labels, own, near.index);
    for (const margin of MARGINS) {
      const at = nearMargin(signs, near.value, margin);
      // Too few pixels would leave directions in which nothing holds the hyperplane.
      if (at.length <= this.features.channels || at.length > this.#mostNear) continue;
      return { signs: pick(signs, at), near: { index: pick(near.index, at), value: pick(near.value, at) } };
    }
    return undefined;
  }

  get #mostNear(): number {
    const { pixels, channels } = this.features;
    return Math.floor(Math.min(NEAR_SHARE * pixels, NEAR_BYTES / (4 * channels)));
  }

  /** `solve` on the near pixels only, of which `signs` holds the y; their scores are spoiled. */
  async solveNear(
    signs: Int8Array,
    plane: Hyperplane,
    near: SparseMap,
    tolerance: number,
    curvature?: Curvature,
  ): Promise<void> {
    const { features } = this;
    const numbers = near.index.length * features.channels;
    // Room for the largest at once, of which what is not used takes no memory: growing would leave large garbage.
    if (this.#rows.length < numbers) this.#rows = new Float32Array(this.#mostNear * features.channels);
    const some = await subset(features, near.index, this.#rows.subarray(0, numbers));
    const weights = this.weights && pick(this.weights, near.index);
    await this.#minimise(some, signs, plane, near.value, { tolerance, weights, curvature });
  }

  async #minimise(
    features: Pixels,
    signs: Int8Array,
    plane: Hyperplane,
    scores: Float32Array,
    { tolerance, weights, curvature }: Pick<NewtonOptions, "tolerance" | "weights" | "curvature">,
  ): Promise<void> {
    const { penalty } = this;
    const options = { penalty, tolerance, weights, curvature };
    await new NewtonSvm(features, this.#buffers).minimise(signs, plane, scores, options);
    roundPlane(plane);
  }

  /** The problem on `size` random pixels, ascending, dense in memory; the last one is kept. */
  async sample(size: number, tolerance: number): Promise<{ readonly index: Int32Array; readonly problem: SvmProblem }> {
    if (this.#sample?.index.length !== size) {
      const index = randomSubset(0, this.features.pixels, size);
      const weights = this.weights && pick(this.weights, index);
      const some = await subset(this.features, index);
      this.#sample = { index, problem: new SvmProblem(some, this.c, tolerance, { whole: this, weights }) };
    }
    return this.#sample;
  }
}

/** Rounds to float32, in place. */
export function roundPlane(plane: Hyperplane): void {
  for (let d = 0; d < plane.weight.length; d++) plane.weight[d] = Math.fround(plane.weight[d]);
  plane.bias = Math.fround(plane.bias);
}

/** A hyperplane, in any precision. */
type Plane = { readonly weight: ArrayLike<number>; readonly bias: number };

/** `weight` [K,D] and `bias` [K] of hyperplanes. */
export function stackPlanes(
  planes: readonly Plane[],
  channels: number,
): { readonly weight: Float32Array; readonly bias: Float32Array } {
  const weight = new Float32Array(planes.length * channels);
  for (const [row, plane] of planes.entries()) weight.set(plane.weight, row * channels);
  return { weight, bias: Float32Array.from(planes, ({ bias }) => bias) };
}
