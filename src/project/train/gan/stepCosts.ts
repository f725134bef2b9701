/** What a step costs on average, from a few that were timed. */
import { medianOf } from "../timeSteps.ts";

export interface TimedStep {
  readonly seconds: number;
  /** Whether R1 and path-length regularisation were part of it. */
  readonly r1: boolean;
  readonly pathLength: boolean;
}

export interface StepCosts {
  /** Seconds of a step without regularisers, and of either of these. */
  readonly plain: number;
  readonly r1: number;
  readonly pathLength: number;
}

/**
 * Medians by kind of step. The first step warms up and counts only where nothing else tells: an upper bound then. Steps of
 * which there is but one kind cannot be told apart: all is `plain`.
 */
export function stepCosts([first, ...rest]: readonly TimedStep[]): StepCosts {
  const of = (steps: readonly TimedStep[], r1: boolean, pathLength: boolean): number | undefined =>
    medianOf(steps.filter((s) => s.r1 === r1 && s.pathLength === pathLength).map((s) => s.seconds));
  const plain = of(rest, false, false) ?? medianOf([first, ...rest].map((s) => s.seconds)) ?? 0;
  const beyond = (seconds: number | undefined): number | undefined =>
    seconds === undefined ? undefined : Math.max(0, seconds - plain);
  const both = beyond(of(rest, true, true) ?? of([first], true, true));
  const r1 = beyond(of(rest, true, false) ?? of([first], true, false));
  const pathLength = beyond(of(rest, false, true) ?? of([first], false, true));
  if (both === undefined) return { plain, r1: r1 ?? 0, pathLength: pathLength ?? 0 };
  return {
    plain,
    r1: r1 ?? Math.max(0, both - (pathLength ?? both / 2)),
    pathLength: pathLength ?? Math.max(0, both - (r1 ?? both / 2)),
  };
}

/** Seconds of a step with its share of the lazy regularisers, by their intervals (0: never). */
export const meanStep = (
  { plain, r1, pathLength }: StepCosts,
  { r1Interval, pathLengthInterval }: { readonly r1Interval: number; readonly pathLengthInterval: number },
): number => plain + share(r1, r1Interval) + share(pathLength, pathLengthInterval);

const share = (seconds: number, interval: number): number => (interval === 0 ? 0 : seconds / interval);
