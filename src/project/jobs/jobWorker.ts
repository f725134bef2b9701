/** The worker thread of one job: the caller's thread stays free for progress bars, signals and requests. */
import { parentPort, workerData } from "node:worker_threads";
import type { JobOptions } from "../../tensor/progress.ts";
import { type JobMessage, type JobStart, StoppedError } from "./jobProtocol.ts";
import { type JobName, jobs } from "./jobs.ts";

const { name, request, stopFlag } = workerData as JobStart<JobName>;
const flag = new Int32Array(stopFlag);
const controller = new AbortController();
const send = (message: JobMessage): void => parentPort?.postMessage(message);
const stop = (): void => {
  if (!controller.signal.aborted) controller.abort(new StoppedError());
};

const options: JobOptions = {
  signal: controller.signal,
  onProgress(progress) {
    // A flag in shared memory, because a job that never yields would not receive a message.
    if (Atomics.load(flag, 0) !== 0) stop();
    send({ kind: "progress", progress });
  },
};
// And a message, because a job that waits (for a server) reports no progress.
parentPort?.on("message", stop).unref();

try {
  const run = jobs[name] as (request: unknown, job: JobOptions) => Promise<unknown>;
  send({ kind: "done", result: await run(request, options) });
} catch (error) {
  const { name: errorName, message, stack } = error instanceof Error ? error : new Error(String(error));
  send({ kind: "failed", name: errorName, message, stack: stack ?? "" });
}
// The thread ends itself, so never in the middle of a native call (runtime/node/threads).
process.exit(0);
