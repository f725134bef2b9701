import type { JobName, JobRequest, JobResult } from "./jobs.ts";

/** What a job's thread serves. */
export interface JobCalls {
  run<J extends JobName>(name: J, request: JobRequest<J>): Promise<JobResult<J>>;
  /** Asks the job to stop at its next step. */
  stop(): Promise<void>;
}

/** One Int32 in shared memory, not zero when the job shall stop: one that never yields would not receive a call. */
export type StopFlag = SharedArrayBuffer;

/** The user asked a job to stop; what it had finished is kept. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
  constructor() {
    super("stopped");
  }
}
