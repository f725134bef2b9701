/**
 * Refinement where every pass over the pixels costs reading them. A class is solved on a working set in memory, a sample of the pixels near
 * its margin and some of all others; then all classes go on together, one step after each pass: quasi-Newton steps whose first metric is the
 * working set's Hessian (sub-sampled Newton). The gap that certifies a class is exact, whatever the working set. It is also far too wide
 * where features have large norms: there a class is done when the metric's own estimate of what is left to gain, g^T B^-1 g / 2 (the Newton
 * decrement), is well below the tolerance.
 */

import { Descent } from "../../numeric/lbfgs.ts";
import type { ClassPass } from "../../pixels/pixels.ts";
import type { Hyperplane } from "./newtonSvm.ts";
import { NEAR, type SvmProblem } from "./svmProblem.ts";
import type { Refiner, TrainedSvm, Training, TrainOptions } from "./training.ts";
import { sampledHessian, solveWorkingSet, type WorkingSets } from "./workingSets.ts";

/** Passes over all pixels with one working set; after so many working sets a class is left with the gap it has. */
const MAX_PASSES = 10;
const MAX_WORKING_SETS = 4;
/** Relative gap at which a working set is solved well enough: it is a sample. */
const WORKING_TOLERANCE = 0.01;
const ROUGH_TOLERANCE = 0.1;
/** With less than this share of the objective left to gain, the minimum of a working set is further off: only its Hessian is wanted. */
const WORKING_EXCESS = 0.03;
/** Classes whose near pixels are listed at a time. */
const CLASSES_PER_PASS = 16;
/** A class is settled when the share of its objective that further steps can be expected to gain is this part of the tolerance. */
const SETTLED = 0.1;
/** Steps whose change of gradient is remembered. */
const MEMORY = 6;

/** What this refiner knows of a class. */
interface State {
  descent?: Descent;
  /** The share of the objective that further steps can be expected to gain. */
  left: number;
  /** The best objective when the last working set was made. */
  before: number;
}

export class SampledDescent implements Refiner {
  readonly #problem: SvmProblem;
  readonly #labels: Uint16Array;
  readonly #sets: WorkingSets;
  readonly #options: TrainOptions;
  #all: readonly Training[] = [];
  readonly #states = new Map<Training, State>();
  /** Working sets that were made of each class, and passes since the last. */
  #round = 0;
  #passes = 0;

  constructor(problem: SvmProblem, labels: Uint16Array, sets: WorkingSets, options: TrainOptions) {
    this.#problem = problem;
    this.#labels = labels;
    this.#sets = sets;
    this.#options = options;
  }

  async refine(pending: readonly Training[]): Promise<readonly Training[]> {
    if (this.#states.size === 0) {
      this.#all = pending;
      for (const training of pending)
        this.#states.set(training, { left: Number.POSITIVE_INFINITY, before: Number.POSITIVE_INFINITY });
      return this.#workingSets(pending);
    }
    const unsettled = pending.filter((training) => !this.#step(training));
    await this.#report(unsettled);
    if (++this.#passes < MAX_PASSES) return unsettled;
    // Where a new working set has gained nothing that counts, float32 allows no better.
    const { tolerance } = this.#problem;
    return this.#workingSets(unsettled.filter((t) => bestOf(t).objective < this.#stateOf(t).before * (1 - tolerance)));
  }

  /** A step from what the last pass found; returns whether the class is settled. */
  #step(training: Training): boolean {
    const { tolerance, penalty } = this.#problem;
    const state = this.#stateOf(training);
    const { pass, plane } = training;
    const { descent } = state;
    if (pass === undefined || descent === undefined)
      throw new Error("SampledDescent: a class has no pass to step from");
    const { objective } = this.#problem.certify(plane.weight, pass);
    descent.advance(objective, gradientOf(plane, pass, penalty));
    training.plane = planeOf(descent.trial);
    state.left = descent.expectedGain / bestOf(training).objective;
    return state.left <= SETTLED * tolerance;
  }

  async #report(unsettled: readonly Training[]): Promise<void> {
    const { onProgress, onPass, signal } = this.#options;
    const left = unsettled.reduce((most, training) => Math.max(most, this.#stateOf(training).left), 0);
    onProgress?.({
      phase: "train on all pixels",
      done: this.#all.length - unsettled.length,
      total: this.#all.length,
      note: `${this.#problem.features.pixels} pixels, ${left.toExponential(0)} of an objective to gain`,
    });
    await onPass?.(this.#all.map(({ best, start }) => (best ?? start).plane));
    signal?.throwIfAborted();
  }

  /** Solves each class on a new working set, from the best hyperplane so far, and begins a descent with its Hessian. */
  async #workingSets(pending: readonly Training[]): Promise<readonly Training[]> {
    if (pending.length === 0 || this.#round === MAX_WORKING_SETS) return [];
    const first = this.#round++ === 0;
    // From a rough start, a first working set makes a better one to look for near pixels.
    const rough = first && pending.some(({ start }) => start.rough);
    let solved = 0;
    for (let at = 0; at < pending.length; at += CLASSES_PER_PASS) {
      const group = pending.slice(at, at + CLASSES_PER_PASS);
      for (const training of group) if (training.best !== undefined) training.plane = training.best.plane;
      const near = await this.#nearPixels(group, first);
      for (const [i, training] of group.entries()) {
        const state = this.#stateOf(training);
        const tolerance = rough ? ROUGH_TOLERANCE : WORKING_TOLERANCE;
        const working = await this.#sets.of(this.#problem, this.#labels, training.own, near[i], tolerance);
        const plane = { weight: training.plane.weight.slice(), bias: training.plane.bias };
        if (state.left > WORKING_EXCESS) await solveWorkingSet(working, plane);
        training.plane = plane;
        if (!rough) {
          const factor = await sampledHessian(working, plane);
          const point = Float64Array.from([...plane.weight, plane.bias]);
          state.descent = new Descent(point, {
            inverse: (vector) => factor.solve(vector),
            memory: MEMORY,
            round: Math.fround,
          });
          training.plane = planeOf(state.descent.trial);
        }
        state.before = training.best?.objective ?? Number.POSITIVE_INFINITY;
        this.#options.onProgress?.({
          phase: "train on near pixels",
          done: ++solved,
          total: this.#all.length,
          note: `round ${this.#round}`,
        });
        this.#options.signal?.throwIfAborted();
      }
    }
    this.#passes = 0;
    return rough ? this.#workingSets(pending) : pending;
  }

  /** The pixels near the margin of each class or inside, ascending: at first those that starts know. */
  async #nearPixels(group: readonly Training[], first: boolean): Promise<Int32Array[]> {
    const known = first ? group.flatMap(({ start }) => start.candidates ?? []) : [];
    if (known.length === group.length) return known;
    const classes = group.map(({ own }) => own);
    const planes = group.map(({ plane }) => plane);
    const passes = await this.#problem.pass(this.#labels, classes, planes, { near: NEAR });
    return passes.map(({ kept }) => kept.index);
  }

  #stateOf(training: Training): State {
    const state = this.#states.get(training);
    if (state === undefined) throw new Error("SampledDescent: an unknown class");
    return state;
  }
}

function bestOf({ best }: Training): TrainedSvm {
  if (best === undefined) throw new Error("SampledDescent: no pass has looked at a class");
  return best;
}

/** The gradient of f (Eq. 3) at a hyperplane, [D+1], the bias last. */
function gradientOf({ weight }: Hyperplane, { pullGradient, signedPull }: ClassPass, penalty: number): Float64Array {
  const gradient = new Float64Array(weight.length + 1);
  if (pullGradient === undefined) throw new Error("SampledDescent: the pass has no gradient");
  for (let j = 0; j < weight.length; j++) gradient[j] = weight[j] - 2 * penalty * pullGradient[j];
  gradient[weight.length] = -2 * penalty * signedPull;
  return gradient;
}

function planeOf(point: Float64Array): Hyperplane {
  const d = point.length - 1;
  return { weight: point.slice(0, d), bias: point[d] };
}
