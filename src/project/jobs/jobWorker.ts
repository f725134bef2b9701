/** The worker thread of one job: the caller's thread stays free for progress bars, signals and requests. */
import { workerData } from "node:worker_threads";
import { note, serve } from "../../runtime/node/threads.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { type JobCalls, type StopFlag, StoppedError } from "./jobCalls.ts";
import { type JobName, type JobRequest, type JobResult, jobs } from "./jobs.ts";

const flag = new Int32Array(workerData as StopFlag);
const controller = new AbortController();
const stop = (): void => {
  if (!controller.signal.aborted) controller.abort(new StoppedError());
};

const options: JobOptions = {
  signal: controller.signal,
  onProgress(progress) {
    if (Atomics.load(flag, 0) !== 0) stop();
    note(progress);
  },
};

serve<JobCalls>({
  run: <J extends JobName>(name: J, request: JobRequest<J>): Promise<JobResult<J>> =>
    (jobs[name] as unknown as (request: JobRequest<J>, job: JobOptions) => Promise<JobResult<J>>)(request, options),
  stop: async () => stop(),
});
