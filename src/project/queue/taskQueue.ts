/** Has the pieces of a run done by workers, wherever they are: the side that asks. */
import { createHash } from "node:crypto";
import type { Job, Queue } from "bullmq";
import { visible } from "../../text/escape.ts";
import { plainIssues } from "../../text/issues.ts";
import { ProjectError } from "../storage/files.ts";
import { packageVersion } from "../storage/versions.ts";
import { parseQueueAddress } from "./address.ts";
import { answered, openBackend, patiently } from "./backend.ts";
import { answerEnvelope, KEPT_SECONDS, problemEnvelope, QUEUE, type TaskEnvelope, type TaskKind } from "./task.ts";

/** What is seen of the workers of a run. */
export interface QueueState {
  /** That are connected now; undefined where the server does not say. */
  readonly workers: number | undefined;
  /** Pieces that each worker has done. */
  readonly done: ReadonlyMap<string, number>;
  /** Pieces that were taken from a worker that had died. */
  readonly lost: number;
  /** Workers whose answers were refused, with the reason of the first. */
  readonly refused: ReadonlyMap<string, string>;
  /** What went wrong last, as a worker or the server told it. */
  readonly trouble: string | undefined;
  /** Whether the server answers. */
  readonly isUp: boolean;
}

/** A run whose pieces are done by workers. */
export interface QueuedRun<Piece, Answer> {
  readonly state: QueueState;
  /**
   * Has a piece done. `id` names it within the run; `check` throws where an answer cannot be right: its worker is refused then, and the piece is
   * done again. Rejects with ProjectError when it has failed several times, and with the signal's reason.
   */
  run(id: string, piece: Piece, check: (answer: Answer) => Promise<void>): Promise<Answer>;
  /** Takes back what no worker has begun. */
  close(): Promise<void>;
}

export interface RunOptions {
  /** The name of the queue on its server. Default: `QUEUE`. */
  readonly name?: string;
  readonly signal?: AbortSignal;
}

/** Tries of one piece. */
const MOST_TRIES = 5;
/** Workers that leave, or fail, in a row, while none does anything. */
const MOST_PROBLEMS = 8;
/** Between looks at pieces of which nothing was heard: milliseconds. */
const LOOK_MS = 2000;
/** Most that taking back waits for a server that does not answer: milliseconds. */
const FAREWELL_MS = 2000;

/** Opens a run. Rejects with ProjectError where the server does not answer. */
export async function openRun<Setup, Piece, Answer>(
  url: string,
  kind: TaskKind<Setup, Piece, Answer>,
  setup: Setup,
  { name = QUEUE, signal }: RunOptions = {},
): Promise<QueuedRun<Piece, Answer>> {
  const address = parseQueueAddress(url);
  const backend = await openBackend(address);
  const klish = packageVersion();
  const runId = createHash("sha256")
    .update(JSON.stringify([klish, kind.name, setup]))
    .digest("hex")
    .slice(0, 20);
  const state = {
    workers: undefined as number | undefined,
    done: new Map<string, number>(),
    lost: 0,
    refused: new Map<string, string>(),
    trouble: undefined as string | undefined,
    isUp: true,
  };
  let lastError: Error | undefined;
  let problems = 0;
  /** What waits for each task, by its id. */
  const waiting = new Map<string, { look: () => Promise<void>; fail: (error: unknown) => void }>();
  /** Tasks that are in the queue, as far as is known: those too that nobody here waits for any more. */
  const asked = new Set<string>();
  const queue = backend.queue(name);
  const events = backend.events(name);
  const trouble = (error: Error): void => {
    lastError = error;
    state.isUp = false;
    state.trouble = `${address.shown}: ${visible(error.message.split("\n")[0])}`;
  };
  queue.on("error", trouble);
  events.on("error", trouble);
  const heard = ({ jobId }: { readonly jobId: string }): void => {
    waiting.get(jobId)?.look().catch(trouble);
  };
  events.on("completed", heard);
  events.on("failed", heard);
  events.on("stalled", ({ jobId }) => {
    if (waiting.has(jobId)) state.lost++;
  });
  events.on("progress", ({ jobId, data }) => {
    const { data: told } = problemEnvelope.safeParse(data);
    if (told === undefined || !waiting.has(jobId)) return;
    state.trouble = `worker ${told.worker} left: ${visible(told.problem)}`;
    if (++problems < MOST_PROBLEMS) return;
    const error = new ProjectError(`no worker can do this. The last that left, ${told.worker}: ${told.problem}`);
    for (const { fail } of waiting.values()) fail(error);
  });
  const close = (): Promise<void> => end(queue, events, [...asked]);
  try {
    await answered(Promise.all([queue.waitUntilReady(), events.waitUntilReady()]), address, () => lastError);
  } catch (error) {
    await close();
    throw error;
  }
  state.isUp = true;
  const timer = setInterval(() => {
    void (async () => {
      for (const { look } of [...waiting.values()]) await look();
      state.workers = await queue.getWorkersCount();
      state.isUp = true;
    })().catch(trouble);
  }, LOOK_MS);
  queue.getWorkersCount().then((count) => {
    state.workers = count;
  }, trouble);
  const stop = (): void => {
    for (const { fail } of waiting.values()) fail(signal?.reason);
  };
  signal?.addEventListener("abort", stop);

  const patient = <T>(command: () => Promise<T>): Promise<T> => patiently(command, { trouble, signal });
  /** The task once it has ended, well or not. */
  const ended = async (id: string, task: TaskEnvelope): Promise<{ readonly job: Job; readonly isOld: boolean }> => {
    const before = await patient(async () => {
      const job = await queue.getJob(id);
      if (job === undefined || (await job.getState()) !== "failed") return job;
      await job.remove();
      return undefined;
    });
    if (before?.finishedOn !== undefined) return { job: before, isOld: true };
    return new Promise((resolve, reject) => {
      const add = (): Promise<unknown> => queue.add(task.kind, task, { jobId: id, ...KEPT });
      const fail = (error: unknown): void => {
        waiting.delete(id);
        reject(error);
      };
      const look = async (): Promise<void> => {
        const job = await queue.getJob(id);
        if (!waiting.has(id)) return;
        // A server that kept nothing has forgotten it.
        if (job === undefined) await add();
        else if (job.finishedOn !== undefined) {
          waiting.delete(id);
          resolve({ job, isOld: false });
        }
      };
      waiting.set(id, { look, fail });
      asked.add(id);
      if (signal?.aborted) return stop();
      patient(add).catch(fail);
    });
  };
  return {
    state,
    async run(id, piece, check) {
      let last = "";
      for (let attempt = 0; attempt < MOST_TRIES; ) {
        signal?.throwIfAborted();
        const refused = [...state.refused].map(([worker, reason]) => ({ worker, reason }));
        const { job, isOld } = await ended(`${runId}-${id}-${attempt}`, {
          klish,
          kind: kind.name,
          setup,
          piece,
          refused,
        });
        const verdict = await judge(kind, job, check);
        await patient(() => job.remove());
        asked.delete(job.id as string);
        if ("answer" in verdict) {
          problems = 0;
          state.done.set(verdict.worker, (state.done.get(verdict.worker) ?? 0) + 1);
          return verdict.answer;
        }
        // What a run that was stopped had done may be gone since: that is nobody's fault.
        if (isOld) continue;
        attempt++;
        last = verdict.fault;
        state.trouble = visible(last);
        if (verdict.worker !== undefined && !state.refused.has(verdict.worker))
          state.refused.set(verdict.worker, verdict.fault);
      }
      throw new ProjectError(`piece ${id} of the work failed ${MOST_TRIES} times; the last time: ${last}`);
    },
    async close() {
      clearInterval(timer);
      signal?.removeEventListener("abort", stop);
      await close();
    },
  };
}

const KEPT = {
  attempts: 1,
  removeOnComplete: { age: KEPT_SECONDS },
  removeOnFail: { age: KEPT_SECONDS },
};

type Verdict<Answer> =
  | { readonly answer: Answer; readonly worker: string }
  /** `worker`: whose answer is refused; undefined where it failed honestly. */
  | { readonly fault: string; readonly worker?: string };

async function judge<Setup, Piece, Answer>(
  kind: TaskKind<Setup, Piece, Answer>,
  job: Job,
  check: (answer: Answer) => Promise<void>,
): Promise<Verdict<Answer>> {
  if (job.failedReason !== undefined && job.failedReason !== "") return { fault: job.failedReason };
  const envelope = answerEnvelope.safeParse(job.returnvalue);
  if (!envelope.success)
    return { fault: `an answer that no klish gives: ${plainIssues(envelope.error, job.returnvalue)}` };
  const { worker, answer: given } = envelope.data;
  const answer = kind.answer.safeParse(given);
  if (!answer.success) return { worker, fault: `worker ${worker} was refused: ${plainIssues(answer.error, given)}` };
  try {
    await check(answer.data);
  } catch (error) {
    return { worker, fault: `worker ${worker} was refused: ${(error as Error).message}` };
  }
  return { answer: answer.data, worker };
}

/** Takes back tasks that wait, and closes; a server that does not answer is left. */
async function end(queue: Queue, events: { close(): Promise<void> }, ids: readonly string[]): Promise<void> {
  const ignore = (): void => undefined;
  const farewell = async (): Promise<void> => {
    for (const id of ids) await (await queue.getJob(id))?.remove().catch(ignore);
    await Promise.all([events.close(), queue.close()]);
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, FAREWELL_MS);
  });
  await Promise.race([farewell().catch(ignore), late]);
  clearTimeout(timer);
  await Promise.race([queue.disconnect().catch(ignore), new Promise((resolve) => setTimeout(resolve, 100))]);
}
