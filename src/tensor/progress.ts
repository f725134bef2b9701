/** How long jobs report and how callers stop them. */

/** One report of a long job: `done` of `total` units of `phase`; `note` is a short state such as "K = 41". */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  readonly note?: string;
}

/** How a long job reports, and how it is stopped. */
export interface JobOptions {
  /** Called often; must be cheap. */
  readonly onProgress?: (progress: Progress) => void;
  /** Aborting makes the job reject with the signal's reason at its next step. */
  readonly signal?: AbortSignal;
}
