/**
 * Worker threads as objects: the thread that starts one calls its functions and awaits their results; errors keep their names.
 */
import { parentPort, Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a worker from a module of this package, given without its extension relative to `base` (import.meta.url). The
 * installed package runs compiled JavaScript; in a checkout the worker first learns to read TypeScript, from tsx.
 */
function startWorker(name: string, base: string, options: WorkerOptions): Worker {
  if (!base.endsWith(".ts")) return new Worker(new URL(`${name}.js`, base), options);
  const module = JSON.stringify(new URL(`${name}.ts`, base).href);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  return new Worker(`import(${tsx}).then(({ register }) => (register(), import(${module})))`, {
    ...options,
    eval: true,
  });
}

/** The message that asks a thread to end. Never `terminate()`: in the middle of a run of ONNX Runtime that aborts the process. */
const END = "klish: end";

/** An error as it travels: structured cloning would make every name "Error". */
interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

interface Call {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}

type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: SentError }
  | { readonly note: unknown };

export interface ThreadOptions<Calls> {
  /** The functions that its module serves. */
  readonly calls: readonly (keyof Calls & string)[];
  /** What it is called when it ends unexpectedly: "a thread of the dataset". */
  readonly title: string;
  /** Its `workerData`. */
  readonly data?: unknown;
  /** Gets what it says beside its results (`note`). */
  readonly onNote?: (note: never) => void;
}

export interface Thread<Calls> {
  /** The thread's functions. They reject with the error that was thrown there (its name, message and stack), or that it ended. */
  readonly calls: Calls;
  /** Whether it has ended, and every call rejects. */
  readonly ended: boolean;
  /** Ends it, once it has answered what it has begun. */
  close(): Promise<void>;
}

/**
 * Starts a thread on `module`, a path without extension relative to `base` (import.meta.url), which calls `serve`. It does not keep
 * the process alive while nothing is asked of it.
 */
export function startThread<Calls extends object>(
  module: string,
  base: string,
  { calls, title, data, onNote }: ThreadOptions<Calls>,
): Thread<Calls> {
  const worker = startWorker(module, base, { workerData: data });
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let broken: Error | undefined;
  let nextId = 0;
  worker.on("message", (answer: Answer) => {
    if ("note" in answer) {
      onNote?.(answer.note as never);
      return;
    }
    const asked = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ("result" in answer) asked?.resolve(answer.result);
    else asked?.reject(Object.assign(new Error(answer.error.message), answer.error));
  });
  const fail = (error: Error): void => {
    broken ??= error;
    for (const { reject } of waiting.values()) reject(broken);
    waiting.clear();
  };
  worker.on("error", (error) => fail(error as Error));
  worker.on("exit", (code) => fail(new Error(`${title} ended unexpectedly (exit code ${code})`)));
  worker.unref();
  const ask = (name: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (broken !== undefined) {
        reject(broken);
        return;
      }
      worker.ref();
      const id = nextId++;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, name, args } satisfies Call);
    });
  const entries = calls.map((name) => [name, (...args: readonly unknown[]) => ask(name, args)] as const);
  return {
    calls: Object.fromEntries(entries) as Calls,
    get ended() {
      return broken !== undefined;
    },
    close: () =>
      new Promise((resolve) => {
        // The number of a thread that has ended.
        if (worker.threadId === -1) return resolve();
        worker.ref();
        worker.once("exit", () => resolve());
        worker.postMessage(END);
      }),
  };
}

/** Functions that a thread serves: what they take and give is cloned on the way. */
type Served<Calls> = { readonly [Name in keyof Calls]: (...args: never[]) => Promise<unknown> };

/** How a worker serves its calls. */
export interface ServeOptions {
  /** A call begins when the one before is answered, and not at all once the thread is being closed. */
  readonly oneByOne?: boolean;
  /** Buffers of a result that are moved to the caller instead of copied. */
  readonly moved?: (result: unknown) => ArrayBuffer[];
  /** Aborted when the thread is being closed: what has begun may stop at its next safe point. */
  readonly ending?: AbortController;
  /** Gives native memory back, after the last answer. */
  readonly close?: () => Promise<void>;
}

/** In a worker: answers calls of `calls` until the thread that started it closes it. */
export function serve<Calls extends Served<Calls>>(
  calls: Calls,
  { oneByOne = false, moved, ending = new AbortController(), close }: ServeOptions = {},
): void {
  const functions = calls as unknown as Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>;
  const answer = async ({ id, name, args }: Call): Promise<void> => {
    try {
      if (oneByOne) ending.signal.throwIfAborted();
      const result = await functions[name](...args);
      parentPort?.postMessage({ id, result } satisfies Answer, moved?.(result) ?? []);
    } catch (error) {
      const { name: kind, message, stack } = error instanceof Error ? error : new Error(String(error));
      parentPort?.postMessage({ id, error: { name: kind, message, stack: stack ?? "" } } satisfies Answer);
    }
  };
  const answering = new Set<Promise<void>>();
  let last: Promise<void> = Promise.resolve();
  parentPort?.on("message", async (call: Call | typeof END) => {
    if (call === END) {
      ending.abort(new Error("the thread is being closed"));
      await Promise.all(answering);
      await close?.();
      // In a worker this ends the thread, from within: never in the middle of a native call.
      process.exit(0);
    }
    last = oneByOne ? last.then(() => answer(call)) : answer(call);
    const answered = last;
    answering.add(answered);
    await answered;
    answering.delete(answered);
  });
}

/** In a worker: says something to the thread that started it, beside any result. */
export const note = (what: unknown): void => parentPort?.postMessage({ note: what } satisfies Answer);
