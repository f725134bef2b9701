/**
 * The SVMs of merges, trained by several threads: that of the next merge, and meanwhile those of pairs that will probably be merged
 * soon after. A merged cluster's SVM depends on its two clusters only, so one trained ahead of time is the one that is wanted.
 */
import type { MergedSvm, MergeRequest, SvmSolver } from "../svm/solvers.ts";

/** Two clusters by their classifiers' rows, and what their merge asks for, made when a thread takes it on. */
export interface MergeTask {
  readonly p: number;
  readonly q: number;
  request(): MergeRequest;
}

type Trainer = Pick<SvmSolver, "trainMerged">;

interface Wanted {
  readonly task: MergeTask;
  begin(trainer: Trainer): void;
}

export class MergeQueue {
  readonly #idle: Trainer[];
  readonly #started = new Map<MergeTask, Promise<MergedSvm>>();
  readonly #running = new Set<Promise<void>>();
  #wanted: Wanted[] = [];

  /** Each of `trainers` takes one task at a time; the first task goes to the last of them that is free. */
  constructor(trainers: readonly Trainer[]) {
    this.#idle = trainers.slice();
  }

  /** The result of the first task; trainers that are free take on the others. */
  train(first: MergeTask, others: readonly MergeTask[]): Promise<MergedSvm> {
    this.#wanted = [];
    const result = this.#want(first);
    // Nobody may ever want these: their errors are dropped.
    for (const task of others) this.#want(task).catch(() => undefined);
    this.#assign();
    return result;
  }

  /** Discards what was trained with a cluster that has been merged. */
  forget(row: number): void {
    for (const task of this.#started.keys()) if (task.p === row || task.q === row) this.#started.delete(task);
  }

  /** Begins nothing more, and waits until no trainer is busy. */
  async settle(): Promise<void> {
    this.#wanted = [];
    await Promise.all(this.#running);
  }

  #want(task: MergeTask): Promise<MergedSvm> {
    for (const [known, result] of this.#started) if (known.p === task.p && known.q === task.q) return result;
    return new Promise((resolve, reject) => {
      const begin = (trainer: Trainer): void => {
        const result = trainer.trainMerged(task.request());
        this.#started.set(task, result);
        result.then(resolve, reject);
        const free = (): void => {
          this.#running.delete(done);
          this.#idle.push(trainer);
          this.#assign();
        };
        const done = result.then(free, free);
        this.#running.add(done);
      };
      this.#wanted.push({ task, begin });
    });
  }

  #assign(): void {
    while (this.#wanted.length > 0) {
      const trainer = this.#idle.pop();
      if (trainer === undefined) return;
      this.#wanted.shift()?.begin(trainer);
    }
  }
}
