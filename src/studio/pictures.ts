/** Pictures of any seed of a project, with their masks. */
import { startThread, type Thread } from "../runtime/node/threads.ts";

/** What the thread serves: PNG files. */
export interface PictureCalls {
  /** At the generator's own size. */
  picture(folder: string, seed: number): Promise<Uint8Array>;
  /** Clusters at `k`; null: the project's labels. */
  mask(folder: string, seed: number, k: number | null): Promise<Uint8Array>;
  /** Gives the generator's memory back. */
  close(): Promise<void>;
}

/** A generator that nobody asked for so long gives its memory back. */
const IDLE_MS = 120_000;

/** A painter of pictures, whose thread begins with the first. */
export interface Pictures extends Omit<PictureCalls, "close"> {
  close(): Promise<void>;
}

/** Starts no thread yet. */
export function openPictures(): Pictures {
  let thread: Thread<PictureCalls> | undefined;
  let idle: NodeJS.Timeout | undefined;
  const end = async (): Promise<void> => {
    clearTimeout(idle);
    const ending = thread;
    thread = undefined;
    await ending?.calls.close().catch(() => undefined);
    await ending?.close();
  };
  const ask = async <T>(question: (calls: PictureCalls) => Promise<T>): Promise<T> => {
    if (thread === undefined || thread.ended)
      thread = startThread<PictureCalls>("./pictureWorker", import.meta.url, {
        calls: ["picture", "mask", "close"],
        title: "the studio's thread for pictures",
      });
    clearTimeout(idle);
    try {
      return await question(thread.calls);
    } finally {
      clearTimeout(idle);
      idle = setTimeout(() => void end(), IDLE_MS);
      idle.unref();
    }
  };
  return {
    picture: (folder, seed) => ask((calls) => calls.picture(folder, seed)),
    mask: (folder, seed, k) => ask((calls) => calls.mask(folder, seed, k)),
    close: end,
  };
}
