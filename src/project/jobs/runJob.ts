import { startWorker } from "../../runtime/node/threads.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { JobMessage, JobStart } from "./jobProtocol.ts";
import type { JobName, JobRequest, JobResult } from "./jobs.ts";

/**
 * Runs a job in a worker thread. Rejects with the job's error (same name and message); with StoppedError's name when
 * `signal` stopped it.
 */
export function runJob<J extends JobName>(
  name: J,
  request: JobRequest<J>,
  { onProgress, signal }: JobOptions = {},
): Promise<JobResult<J>> {
  const stopFlag = new SharedArrayBuffer(4);
  const start: JobStart<J> = { name, request, stopFlag };
  const stop = (): void => {
    Atomics.store(new Int32Array(stopFlag), 0, 1);
    worker.postMessage("stop");
  };
  const worker = startWorker("./jobWorker", import.meta.url, { workerData: start });
  return new Promise((resolve, reject) => {
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop);
    let settled = false;
    worker.on("message", (message: JobMessage) => {
      if (message.kind === "progress") {
        onProgress?.(message.progress);
        return;
      }
      settled = true;
      if (message.kind === "done") resolve(message.result as JobResult<J>);
      else reject(Object.assign(new Error(message.message), { name: message.name, stack: message.stack }));
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      signal?.removeEventListener("abort", stop);
      if (!settled) reject(new Error(`the worker of job "${name}" ended unexpectedly (exit code ${code})`));
    });
  });
}
