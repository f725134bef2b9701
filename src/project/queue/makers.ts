/** Who makes the pieces of a job: this process and its threads, or the workers of a queue. */
import { type MachinesSummary, machinesSummary } from "./machines.ts";
import type { TaskKind } from "./task.ts";
import { openRun, type QueueState } from "./taskQueue.ts";

/** Makers of pieces, open. */
export interface Makers<Piece, Made> {
  readonly makers: readonly ((piece: Piece) => Promise<Made>)[];
  /** Of the queue, where there is one. */
  readonly state?: QueueState;
  dispose(): Promise<void>;
}

/** How a piece of a job is told to workers, and their answer held against what can be. */
export interface Asked<Piece, Answer> {
  /** Its name within the run. */
  readonly id: string;
  readonly piece: Piece;
  /** Throws where an answer cannot be right. */
  check(answer: Answer): Promise<void>;
}

/** Pieces that are in the queue at a time, by twos: enough for any number of workers that one coordinator can follow. */
const IN_FLIGHT = 32;

/** Workers of a queue as makers. Rejects with ProjectError where the server does not answer. */
export async function queuedMakers<Setup, Piece, Answer, Block>(
  queue: string,
  kind: TaskKind<Setup, Piece, Answer>,
  setup: Setup,
  ask: (block: Block) => Asked<Piece, Answer>,
  signal: AbortSignal | undefined,
): Promise<Makers<Block, Answer>> {
  const run = await openRun(queue, kind, setup, { ...(signal && { signal }) });
  const make = (block: Block): Promise<Answer> => {
    const { id, piece, check } = ask(block);
    return run.run(id, piece, check);
  };
  return {
    makers: Array<typeof make>(IN_FLIGHT).fill(make),
    state: run.state,
    dispose: () => run.close(),
  };
}

/** Between reports of a run whose workers have nothing finished: milliseconds. */
const TELL_MS = 1000;

/**
 * Opens makers, has `work` done by them, and closes them. `tell` reports of it: here while workers of a queue have nothing finished; what it gets is
 * their state. Resolves to who did it, of a queue; to null else.
 */
export async function byMakers<Piece, Made>(
  open: () => Promise<Makers<Piece, Made>>,
  work: (makers: Makers<Piece, Made>["makers"], tell: () => void) => Promise<void>,
  report: (state: QueueState | undefined) => void,
): Promise<MachinesSummary | null> {
  const { makers, state, dispose } = await open();
  const tell = (): void => report(state);
  const ticking = state && setInterval(tell, TELL_MS);
  try {
    await work(makers, tell);
  } finally {
    clearInterval(ticking);
    await dispose();
  }
  return state === undefined ? null : machinesSummary(state);
}
