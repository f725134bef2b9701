import { startThread } from "../../runtime/node/threads.ts";
import type { JobOptions, Progress } from "../../tensor/progress.ts";
import type { JobCalls, StopFlag } from "./jobCalls.ts";
import type { JobName, JobRequest, JobResult } from "./jobs.ts";

/**
 * Runs a job in a worker thread. Rejects with the job's error (same name and message); with StoppedError's name when
 * `signal` stopped it.
 */
export async function runJob<J extends JobName>(
  name: J,
  request: JobRequest<J>,
  { onProgress, signal }: JobOptions = {},
): Promise<JobResult<J>> {
  const flag: StopFlag = new SharedArrayBuffer(4);
  const { calls, close } = startThread<JobCalls>("./jobWorker", import.meta.url, {
    calls: ["run", "stop"],
    title: `the worker of job "${name}"`,
    data: flag,
    ...(onProgress && { onNote: (progress: Progress) => onProgress(progress) }),
  });
  const stop = (): void => {
    Atomics.store(new Int32Array(flag), 0, 1);
    // By then it may have ended.
    calls.stop().catch(() => undefined);
  };
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop);
  try {
    return await calls.run(name, request);
  } finally {
    signal?.removeEventListener("abort", stop);
    await close();
  }
}
