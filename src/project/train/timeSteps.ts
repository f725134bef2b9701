/** How long steps take, for the cost of a run. */
import type { JobOptions } from "../../tensor/progress.ts";

/** Steps that are timed at most and at least, and the seconds after which no further is begun. */
const TIMED_STEPS = 18;
const LEAST_STEPS = 3;
const TIMED_SECONDS = 60;

/** Makes steps, and returns the seconds of each with what it reported. The first warms up. */
export async function timeSteps<Report>(
  step: () => Promise<Report>,
  { now, note, onProgress, signal }: JobOptions & { readonly now: () => number; readonly note: string },
): Promise<{ readonly seconds: number; readonly report: Report }[]> {
  const progress = (done: number): void => onProgress?.({ phase: "time some steps", done, total: TIMED_STEPS, note });
  const began = now();
  const steps: { seconds: number; report: Report }[] = [];
  while (steps.length < LEAST_STEPS || (steps.length < TIMED_STEPS && now() - began < TIMED_SECONDS * 1000)) {
    signal?.throwIfAborted();
    progress(steps.length);
    const start = now();
    const report = await step();
    steps.push({ seconds: (now() - start) / 1000, report });
  }
  progress(TIMED_STEPS);
  return steps;
}

/** The middle value; undefined of none. */
export function medianOf(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? undefined : (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
