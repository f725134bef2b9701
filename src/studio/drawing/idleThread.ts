/** A thread that begins with the first question, and gives its memory back when nobody asks any more. */
import { startThread, type Thread } from "../../runtime/node/threads.ts";

/** Without a question for so long, it ends. */
const IDLE_MS = 120_000;

export interface IdleThread<Calls> {
  /** Asks the thread, which is started where need be. */
  ask<T>(question: (calls: Calls) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Starts no thread yet; `module` as for `startThread`. */
export function idleThread<Calls extends object>(
  module: string,
  base: string,
  options: { readonly calls: readonly (keyof Calls & string)[]; readonly title: string },
): IdleThread<Calls> {
  let thread: Thread<Calls> | undefined;
  let idle: NodeJS.Timeout | undefined;
  let asked = 0;
  const close = async (): Promise<void> => {
    clearTimeout(idle);
    const ending = thread;
    thread = undefined;
    await ending?.close();
  };
  return {
    async ask(question) {
      if (thread === undefined || thread.ended) thread = startThread<Calls>(module, base, options);
      clearTimeout(idle);
      asked++;
      try {
        return await question(thread.calls);
      } finally {
        if (--asked === 0) {
          idle = setTimeout(() => void close(), IDLE_MS);
          idle.unref();
        }
      }
    },
    close,
  };
}
