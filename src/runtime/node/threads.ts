import { Worker, type WorkerOptions } from "node:worker_threads";

/**
 * Starts a worker from a module of this package, given without its extension relative to `base` (import.meta.url). The
 * installed package runs compiled JavaScript; in a checkout the worker first learns to read TypeScript, from tsx.
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
