/**
 * Who holds which shard. Workers come and go while passes are asked; whoever is there is dealt shards, and keeps their features. One that
 * goes, or gives a wrong answer, loses its shards to the others, and what it had not answered is asked again.
 */

import { checkAnswer, type ShardSize } from "./checkAnswer.ts";
import type { ShardAnswers, ShardCall } from "./shardPasses.ts";

/** Somebody who holds shards, wherever: another thread, a process, another machine. */
export interface ShardWorker {
  /** As messages call it. */
  readonly name: string;
  /** What it answers to `calls`, in their order, whatever that is. It may let go the features of shards not in `keep`. Rejects when it is gone. */
  answer(calls: readonly ShardCall[], keep: readonly number[]): Promise<unknown>;
  /** It is not needed any more, or not believed. */
  dismiss(): void;
}

/** What is told of a crew. */
export interface CrewEvents {
  /** A worker went, or was refused, and why. A new one may join at once. */
  lost?(worker: ShardWorker, reason: string): void;
  /** A worker has answered a call to a shard. */
  answered?(worker: ShardWorker, shard: number): void;
}

/** A shard that fails so many times in a row is given up, and the run with it. */
const MOST_FAILURES = 8;

type Answer = ShardAnswers[keyof ShardAnswers];

/** Calls that wait for their answers. */
interface Task {
  readonly calls: readonly ShardCall[];
  readonly answers: Answer[];
  /** Positions among the calls of those that nobody works on. */
  readonly waiting: Set<number>;
  left: number;
  resolve(answers: readonly Answer[]): void;
  reject(error: unknown): void;
}

export class ShardCrew {
  readonly #shards: readonly ShardSize[];
  readonly #events: CrewEvents;
  /** The shards that each worker holds, and the workers that nothing is asked of. */
  readonly #held = new Map<ShardWorker, Set<number>>();
  readonly #idle = new Set<ShardWorker>();
  readonly #tasks = new Set<Task>();
  readonly #failures: Int32Array;
  /** Why nothing is asked any more. */
  #closed: { readonly reason: unknown } | undefined;

  constructor(shards: readonly ShardSize[], events: CrewEvents = {}) {
    this.#shards = shards;
    this.#events = events;
    this.#failures = new Int32Array(shards.length);
  }

  /** A worker that is there from now on. Those that hold more than their share give shards up for it. */
  join(worker: ShardWorker): void {
    if (this.#closed !== undefined) {
      worker.dismiss();
      return;
    }
    this.#held.set(worker, new Set());
    for (const held of this.#held.values()) for (const shard of [...held].slice(this.#share)) held.delete(shard);
    this.#idle.add(worker);
    this.#deal();
  }

  /** A worker is gone, or not believed. */
  lose(worker: ShardWorker, reason: string): void {
    if (!this.#held.delete(worker)) return;
    this.#idle.delete(worker);
    worker.dismiss();
    this.#events.lost?.(worker, reason);
    this.#deal();
  }

  /** The answers to `calls`, in their order. Rejects when a shard fails again and again, and when the crew is closed. */
  ask(calls: readonly ShardCall[]): Promise<readonly Answer[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(this.#closed.reason);
      if (calls.length === 0) return resolve([]);
      const waiting = new Set(calls.keys());
      this.#tasks.add({ calls, answers: new Array(calls.length), waiting, left: calls.length, resolve, reject });
      this.#deal();
    });
  }

  /** Dismisses all workers. What is asked, now or later, rejects with `reason`. */
  close(reason: unknown = new Error("nobody answers any more: the crew is closed")): void {
    this.#closed ??= { reason };
    const workers = [...this.#held.keys()];
    this.#held.clear();
    this.#idle.clear();
    for (const worker of workers) worker.dismiss();
    const tasks = [...this.#tasks];
    this.#tasks.clear();
    for (const { reject } of tasks) reject(reason);
  }

  /** Shards that a worker may hold. */
  get #share(): number {
    return Math.ceil(this.#shards.length / Math.max(1, this.#held.size));
  }

  /** Gives every idle worker what it can answer: all that waits for its shards, or else one shard that nobody holds. */
  #deal(): void {
    for (const task of this.#tasks)
      for (const worker of [...this.#idle]) {
        const held = this.#held.get(worker) ?? new Set<number>();
        let own = [...task.waiting].filter((i) => held.has(task.calls[i].shard));
        if (own.length === 0 && held.size < this.#share) {
          const free = [...task.waiting].find((i) => !this.#isHeld(task.calls[i].shard));
          if (free === undefined) continue;
          held.add(task.calls[free].shard);
          own = [...task.waiting].filter((i) => task.calls[i].shard === task.calls[free].shard);
        }
        if (own.length > 0) void this.#work(worker, task, own);
      }
  }

  #isHeld(shard: number): boolean {
    for (const held of this.#held.values()) if (held.has(shard)) return true;
    return false;
  }

  async #work(worker: ShardWorker, task: Task, own: readonly number[]): Promise<void> {
    this.#idle.delete(worker);
    for (const i of own) task.waiting.delete(i);
    const calls = own.map((i) => task.calls[i]);
    try {
      const answers = await worker.answer(calls, [...(this.#held.get(worker) ?? [])]);
      if (!Array.isArray(answers) || answers.length !== calls.length)
        throw new Error(
          `expected ${calls.length} answers, got ${Array.isArray(answers) ? answers.length : typeof answers}`,
        );
      const checked = calls.map(({ shard, request }, j) => checkAnswer(request, answers[j], this.#shards[shard]));
      for (const [j, i] of own.entries()) {
        task.answers[i] = checked[j];
        this.#failures[calls[j].shard] = 0;
        this.#events.answered?.(worker, calls[j].shard);
      }
      task.left -= own.length;
      if (task.left === 0) {
        this.#tasks.delete(task);
        task.resolve(task.answers);
      }
      if (this.#held.has(worker)) this.#idle.add(worker);
      this.#deal();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      for (const i of own) task.waiting.add(i);
      const failed = calls.find(({ shard }) => ++this.#failures[shard] >= MOST_FAILURES);
      if (failed !== undefined)
        this.close(
          new Error(`shard ${failed.shard} failed ${MOST_FAILURES} times, at last by ${worker.name}: ${reason}`),
        );
      this.lose(worker, reason);
      this.#deal();
    }
  }
}
