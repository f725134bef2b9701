import type { Job } from "../../../src/studio/api.ts";

/** "40 s", "12 min", "3 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest === 0 ? "" : ` ${rest} min`}`;
}

/** "12 a second · 40 s left"; "" while it cannot be told. */
export function pace({ perSecond, secondsLeft }: NonNullable<Job["progress"]>): string {
  const rate =
    perSecond === null
      ? null
      : perSecond >= 0.95
        ? `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)} a second`
        : `${duration(1 / perSecond)} each`;
  return [rate, secondsLeft !== null && `${duration(secondsLeft)} left`].filter(Boolean).join(" · ");
}
