/**
 * Refinement where passes are cheap: each class is solved by Newton's method on the pixels near its margin, as the last pass found them.
 * Other threads solve classes meanwhile; who solved which changes no number.
 */

import type { JobOptions } from "../../tensor/progress.ts";
import { signsOf } from "./hinge.ts";
import type { SvmSolver } from "./solvers.ts";
import { NEAR, type SvmProblem } from "./svmProblem.ts";
import type { Refiner, Training } from "./training.ts";

const MAX_ROUNDS = 10;
/** Near pixels are solved this much below the certified tolerance, so that one certifying pass mostly suffices. */
const INNER_SHARE = 0.3;

export class NearNewton implements Refiner {
  readonly near = NEAR;
  readonly #problem: SvmProblem;
  readonly #labels: Uint16Array;
  readonly #solvers: readonly Pick<SvmSolver, "solve">[];
  readonly #job: JobOptions;
  #rounds = 0;
  /** Classes in all, and those that were solved; what further rounds solve again moves the bar no more. */
  #total = 0;
  #solved = 0;

  constructor(problem: SvmProblem, labels: Uint16Array, solvers: readonly Pick<SvmSolver, "solve">[], job: JobOptions) {
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
    // The largest first: none is left to one thread while the others wait.
    const queue = pending.map((training) => ({ training, near: nearOf(training) }));
    queue.sort((a, b) => a.near.index.length - b.near.index.length);
    const shared = queue.filter(({ training, near }) => this.#isShared(training, near.index.length));
    const own = queue.filter((task) => !shared.includes(task));
    const here = async (): Promise<void> => {
      for (let task = own.pop() ?? shared.pop(); task !== undefined; task = own.pop() ?? shared.pop()) {
        const { training, near } = task;
        training.plane = { ...training.plane, weight: training.plane.weight.slice() };
        const { curvature } = training.start;
        await this.#problem.solve(this.#labels, training.own, training.plane, near, this.#stopAt, curvature);
        this.#advance();
      }
    };
    const there = async (solver: Pick<SvmSolver, "solve">): Promise<void> => {
      const { c, tolerance } = this.#problem.whole ?? this.#problem;
      const sampled = this.#problem.whole !== undefined;
      for (let task = shared.pop(); task !== undefined; task = shared.pop()) {
        const { training, near } = task;
        const signs = signsOf(this.#labels, training.own, near.index);
        const { plane } = training;
        training.plane = await solver.solve({ c, tolerance, sampled, signs, plane, near, stopAt: this.#stopAt });
        this.#advance();
      }
    };
    await Promise.all([...this.#solvers.map(there), here()]);
    return pending;
  }

  get #stopAt(): number {
    return INNER_SHARE * this.#problem.tolerance;
  }

  /** Whether another thread may solve the class: on its near pixels alone, and from no Hessian of this thread. */
  #isShared({ start }: Training, near: number): boolean {
    return this.#solvers.length > 0 && start.curvature === undefined && this.#problem.servesAlone(near);
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

/** The pixels near the margin as the last pass, or the start, has them. */
function nearOf({ pass, start }: Training) {
  const near = pass?.kept ?? start.near;
  if (near === undefined) throw new Error("NearNewton: the near pixels of a class are not known");
  return near;
}
