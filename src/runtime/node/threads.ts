import { parentPort, Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a worker from a module of this package, given without its extension relative to `base` (import.meta.url). The
 * installed package runs compiled JavaScript; in a checkout the worker first learns to read TypeScript, from tsx.
 * End it with `endWorker`, never with `terminate()`: in the middle of a run of ONNX Runtime that aborts the whole process.
 */
export function startWorker(name: string, base: string, options: WorkerOptions = {}): Worker {
  if (!base.endsWith(".ts")) return new Worker(new URL(`${name}.js`, base), options);
  const module = JSON.stringify(new URL(`${name}.ts`, base).href);
  const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"));
  return new Worker(`import(${tsx}).then(({ register }) => (register(), import(${module})))`, {
    ...options,
    eval: true,
  });
}

/** The message that asks a thread to end. */
const END = "klish: end";

/** Ends a thread that answers by `serve`, once it has done what it was asked before. */
export function endWorker(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    // The number of a thread that has ended.
    if (worker.threadId === -1) return resolve();
    worker.once("exit", () => resolve());
    worker.postMessage(END);
  });
}

/** In a worker: answers the requests of the thread that started it, until that asks it to end. `answer` must not reject. */
export function serve<Request>(answer: (request: Request) => Promise<void>): void {
  const answering = new Set<Promise<void>>();
  parentPort?.on("message", async (request: Request | typeof END) => {
    if (request === END) {
      await Promise.all(answering);
      // In a worker this ends the thread, from within: never in the middle of a native call.
      process.exit(0);
    }
    const answered = answer(request as Request);
    answering.add(answered);
    await answered;
    answering.delete(answered);
  });
}
