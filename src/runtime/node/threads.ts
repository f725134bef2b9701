import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a worker from a module of this package, given without its extension relative to `base` (import.meta.url). The
 * installed package runs compiled JavaScript; a checkout runs TypeScript through tsx.
 */
export function startWorker(name: string, base: string, options: WorkerOptions = {}): Worker {
  const fromSource = base.endsWith(".ts");
  return new Worker(new URL(`${name}${fromSource ? ".ts" : ".js"}`, base), {
    ...options,
    execArgv: fromSource ? ["--import", "tsx"] : [],
  });
}
