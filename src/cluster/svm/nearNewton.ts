/**
 * Refinement where passes are cheap: each class is solved by Newton's method on the pixels near its margin, as the last pass found them.
 * Other threads solve classes meanwhile; who solved which changes no number.
 */

import { factorIn, type RoughFactor } from "../../numeric/singleCholesky.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { pick } from "./hinge.ts";
import type { Curvature, Hyperplane } from "./newtonSvm.ts";
import type { SvmSolver, SvmSolvers } from "./solvers.ts";
import { NEAR, type NearPixels, type SvmProblem } from "./svmProblem.ts";
import type { Refiner, Training } from "./training.ts";

const MAX_ROUNDS = 10;
/** Near pixels are solved this much below the certified tolerance, so that one certifying pass mostly suffices. */
const INNER_SHARE = 0.3;

/** Another thread that solves classes on their near pixels. */
export interface NearSolver {
  /** Whether it begins with the factor of a like problem, and gives its own back. */
  readonly takesCurvature: boolean;
  /** From `plane` to the relative gap `stopAt`. */
  solve(
    problem: SvmProblem,
    pixels: NearPixels,
    plane: Hyperplane,
    stopAt: number,
    curvature: Curvature | undefined,
  ): Promise<Hyperplane>;
}

/** Who has the same features is told which pixels. */
export const byIndex = (solver: Pick<SvmSolver, "solve">): NearSolver => ({
  takesCurvature: false,
  solve(problem, { signs, near }, plane, stopAt) {
    const { c, tolerance } = problem.whole ?? problem;
    return solver.solve({ c, tolerance, sampled: problem.whole !== undefined, signs, plane, near, stopAt });
  },
});

/** Those who have none find the pixels in shared memory. */
export const byRows = ({ pixels, solvers }: NonNullable<SvmSolvers["rows"]>): NearSolver[] =>
  solvers.map((solver) => ({
    takesCurvature: true,
    async solve({ weights, penalty }, { signs, near: { index, value: scores } }, plane, stopAt, curvature) {
      const own = weights && pick(weights, index);
      const factor = curvature?.factor?.room;
      const request = { pixels, index, signs, scores, weights: own, plane, factor, penalty, stopAt };
      const solved = await solver.solveRows(request);
      if (curvature !== undefined) keep(curvature, solved.factor && factorIn(solved.factor, plane.weight.length + 1));
      return solved.plane;
    },
  }));

/** Keeps a factor in single precision, and no other, whichever thread it comes from: only those travel. */
function keep(curvature: Curvature, factor: RoughFactor | undefined): void {
  if (factor?.room !== undefined) curvature.factor = factor;
  else delete curvature.factor;
}

/** A class to solve, how many pixels are near its margin, and those that it is solved on: all where undefined. */
interface Task {
  readonly training: Training;
  readonly near: number;
  readonly pixels: NearPixels | undefined;
}

/** One that another thread can solve. */
interface SharedTask extends Task {
  readonly pixels: NearPixels;
}

export class NearNewton implements Refiner {
  readonly near = NEAR;
  readonly #problem: SvmProblem;
  readonly #labels: Uint16Array;
  readonly #solvers: readonly NearSolver[];
  readonly #job: JobOptions;
  #rounds = 0;
  /** Classes in all, and those that were solved. Solving a class again in a later round does not move the progress bar. */
  #total = 0;
  #solved = 0;

  constructor(problem: SvmProblem, labels: Uint16Array, solvers: readonly NearSolver[], job: JobOptions) {
    this.#problem = problem;
    this.#labels = labels;
    this.#solvers = solvers;
    this.#job = job;
  }

  async refine(pending: readonly Training[]): Promise<readonly Training[]> {
    if (this.#rounds === MAX_ROUNDS) return [];
    if (this.#rounds++ === 0) {
      this.#total = pending.length;
      await this.#findNear(pending.filter(({ start }) => start.near === undefined));
    }
    const { own, shared } = this.#tasks(pending);
    const here = async (): Promise<void> => {
      for (let task = own.pop() ?? shared.pop(); task !== undefined; task = own.pop() ?? shared.pop()) {
        const { training, pixels } = task;
        const plane = { ...training.plane, weight: training.plane.weight.slice() };
        const { curvature } = training.start;
        if (pixels === undefined)
          await this.#problem.solveAll(this.#labels, training.own, plane, this.#stopAt, curvature);
        else await this.#problem.solveNear(pixels.signs, plane, pixels.near, this.#stopAt, curvature);
        if (curvature !== undefined) keep(curvature, curvature.factor);
        training.plane = plane;
        this.#advance();
      }
    };
    const there = async (solver: NearSolver): Promise<void> => {
      for (let task = shared.pop(); task !== undefined; task = shared.pop()) {
        const { training, pixels } = task;
        const { plane, start } = training;
        training.plane = await solver.solve(this.#problem, pixels, plane, this.#stopAt, start.curvature);
        this.#advance();
      }
    };
    await Promise.all([...this.#solvers.map(there), here()]);
    return pending;
  }

  get #stopAt(): number {
    return INNER_SHARE * this.#problem.tolerance;
  }

  /**
   * What is to be solved, the largest last, to be taken first: none is left to one thread while the others wait. Other threads may solve
   * classes on their near pixels alone, from no Hessian of this thread.
   */
  #tasks(pending: readonly Training[]): { readonly own: Task[]; readonly shared: SharedTask[] } {
    const own: Task[] = [];
    const shared: SharedTask[] = [];
    const takeCurvature = this.#solvers.every(({ takesCurvature }) => takesCurvature);
    for (const training of pending) {
      const near = training.pass?.kept ?? training.start.near;
      if (near === undefined) throw new Error("NearNewton: the near pixels of a class are not known");
      // The lists of many classes are large: only what is solved on is kept.
      training.pass = undefined;
      const pixels = this.#problem.alone(this.#labels, training.own, near);
      const task = { training, near: near.index.length };
      if (pixels !== undefined && (takeCurvature || training.start.curvature === undefined))
        shared.push({ ...task, pixels });
      else own.push({ ...task, pixels });
    }
    for (const tasks of [own, shared]) tasks.sort((a, b) => a.near - b.near);
    return { own, shared };
  }

  /** Passes where the near pixels are not known, which is all that is wanted: no gradient. */
  async #findNear(trainings: readonly Training[]): Promise<void> {
    if (trainings.length === 0) return;
    const classes = trainings.map(({ own }) => own);
    const planes = trainings.map(({ plane }) => plane);
    const passes = await this.#problem.pass(this.#labels, classes, planes, { near: NEAR });
    for (const [i, training] of trainings.entries()) training.pass = passes[i];
  }

  #advance(): void {
    const done = Math.min(++this.#solved, this.#total);
    const note = `${this.#problem.features.pixels} pixels`;
    this.#job.onProgress?.({ phase: "train classifiers", done, total: this.#total, note });
    this.#job.signal?.throwIfAborted();
  }
}
