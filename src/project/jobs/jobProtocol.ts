import type { Progress } from "../../tensor/progress.ts";
import type { JobName, JobRequest } from "./jobs.ts";

/** What a job's worker is started with. */
export interface JobStart<J extends JobName> {
  readonly name: J;
  readonly request: JobRequest<J>;
  /** One Int32, not zero when the job shall stop. */
  readonly stopFlag: SharedArrayBuffer;
}

/** What it says. */
export type JobMessage =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly result: unknown }
  | { readonly kind: "failed"; readonly name: string; readonly message: string; readonly stack: string };

/** The user asked a job to stop; what it had finished is kept. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
  constructor() {
    super("stopped");
  }
}
