/** What travels through a queue. All of it may be anybody's: every part is validated where it arrives. */
import { z } from "zod";
import type { Root } from "./root.ts";

/** What a worker offers to those who do its tasks. */
export interface TaskHost {
  readonly root: Root;
  /** CPU threads that it may use in all. */
  readonly threads: number;
  /** The queue's server, for kinds of work whose numbers are too many for it and travel beside it; what the worker is called; and after how many
   * seconds one that is not heard of has died. */
  readonly url: string;
  readonly name: string;
  readonly silence: number;
}

/** Does the pieces of one setup. */
export interface OpenTask<Piece, Answer> {
  /** Pieces that it does side by side. */
  readonly lanes: number;
  run(piece: Piece): Promise<Answer>;
  close(): Promise<void>;
}

/**
 * A kind of work that is done in pieces by any worker. A piece can be done twice, by two workers at once too: to the same result. `setup` says what
 * all pieces of a run share, and `open` gets ready for it: it rejects where this machine has something else than the run means.
 */
export interface TaskKind<Setup = unknown, Piece = unknown, Answer = unknown> {
  readonly name: string;
  readonly setup: z.ZodType<Setup>;
  readonly piece: z.ZodType<Piece>;
  readonly answer: z.ZodType<Answer>;
  open(setup: Setup, host: TaskHost): Promise<OpenTask<Piece, Answer>>;
}

/** Names of workers, as messages show them. */
const workerName = z.string().regex(/^[\w.-]{1,64}$/);

/** A task in the queue. */
export const taskEnvelope = z.strictObject({
  /** Version of the klish that asks: results of another may differ. */
  klish: z.string().max(64),
  kind: z.string().max(64),
  setup: z.unknown(),
  piece: z.unknown(),
  /** Workers whose answers were refused, and why. */
  refused: z.array(z.strictObject({ worker: workerName, reason: z.string().max(2000) })).max(1000),
});
export type TaskEnvelope = z.infer<typeof taskEnvelope>;

/** What comes back. */
export const answerEnvelope = z.strictObject({ worker: workerName, answer: z.unknown() });

/** What a worker says that leaves, beside the queue's own events. */
export const problemEnvelope = z.strictObject({ worker: workerName, problem: z.string().max(2000) });

/** The name of the queue, on the server. */
export const QUEUE = "klish";

/** How long results may wait for a run that was stopped and is continued: seconds. */
export const KEPT_SECONDS = 24 * 3600;
