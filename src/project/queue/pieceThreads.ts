/** Pieces of a task that threads do, so that the thread that talks to the queue is never kept waiting. */
import { serve, startThread } from "../../runtime/node/threads.ts";
import type { OpenTask } from "./task.ts";

/** What such a thread serves. */
interface PieceCalls<Piece, Answer> {
  /** Gets ready, which the first piece else does. */
  open(): Promise<void>;
  make(piece: Piece): Promise<Answer>;
}

export interface PieceThreads {
  /** Threads, each with what it opens. */
  readonly lanes: number;
  /** What they are called: "a thread of the dataset". */
  readonly title: string;
  /** Their `workerData`. */
  readonly data: unknown;
}

/** `workerData` of a thread that has all that the worker may use. */
export interface PieceThreadStart<Setup> {
  readonly setup: Setup;
  /** The folder that all machines share, on this one. */
  readonly root: string;
  readonly threads: number;
}

/** Starts threads on a module that calls `servePieces`; a path without extension relative to `base`. Rejects where the first cannot get ready. */
export async function openPieceThreads<Piece, Answer>(
  module: string,
  base: string,
  { lanes, title, data }: PieceThreads,
): Promise<OpenTask<Piece, Answer>> {
  const threads = Array.from({ length: lanes }, () =>
    startThread<PieceCalls<Piece, Answer>>(module, base, { calls: ["open", "make"], title, data }),
  );
  const close = async (): Promise<void> => {
    await Promise.all(threads.map((thread) => thread.close()));
  };
  try {
    await threads[0].calls.open();
  } catch (error) {
    await close();
    throw error;
  }
  const free = [...threads];
  const wanted: ((thread: (typeof threads)[number]) => void)[] = [];
  return {
    lanes,
    async run(piece) {
      const thread = free.pop() ?? (await new Promise<(typeof threads)[number]>((resolve) => wanted.push(resolve)));
      try {
        return await thread.calls.make(piece);
      } finally {
        const next = wanted.shift();
        if (next === undefined) free.push(thread);
        else next(thread);
      }
    },
    close,
  };
}

/** In such a thread: `open` gets ready and gives what makes a piece. It rejects where this machine has something else than the run means. */
export function servePieces<Piece, Answer>(open: () => Promise<(piece: Piece) => Promise<Answer>>): void {
  let opening: ReturnType<typeof open> | undefined;
  const opened = (): NonNullable<typeof opening> => {
    opening ??= open();
    return opening;
  };
  serve<PieceCalls<Piece, Answer>>({
    async open() {
      await opened();
    },
    make: async (piece: Piece) => (await opened())(piece),
  });
}
