/** How fast a job goes, and how long it still takes. */
import type { Progress } from "../../tensor/progress.ts";

/** The pace of the phase that a job is in. */
export interface Pace {
  /** Seconds since the phase began. */
  readonly seconds: number;
  /** Whether this report is the first of its phase. */
  readonly begins: boolean;
  /** Units in a second, and seconds until the phase ends; undefined until they can be told. */
  readonly perSecond?: number;
  readonly secondsLeft?: number;
}

/** Before, a rate says more of the start than of the work. */
const LEAST_SECONDS = 1;

/**
 * Follows a job's reports; `now` counts milliseconds. A phase that falls back has begun again (merging with another balance). A resumed
 * one is not credited with what an earlier run did.
 */
export function paceOf(now: () => number = () => performance.now()): (progress: Progress) => Pace {
  let phase: string | undefined;
  let started = 0;
  let first = 0;
  let last = 0;
  return ({ phase: name, done, total }) => {
    const time = now();
    const begins = name !== phase || done < last;
    if (begins) [phase, started, first] = [name, time, done];
    last = done;
    const seconds = (time - started) / 1000;
    const rate = (done - first) / seconds;
    if (!(rate > 0 && seconds > LEAST_SECONDS)) return { seconds, begins };
    return { seconds, begins, perSecond: rate, secondsLeft: Math.max(0, total - done) / rate };
  };
}
