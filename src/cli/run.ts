import type { JobName, JobRequest, JobResult } from "../project/jobs/jobs.ts";
import { runJob } from "../project/jobs/runJob.ts";
import { progressBar } from "./progressBar.ts";
import { onStopSignal, type StopSignal } from "./signals.ts";
import { table } from "./table.ts";
import { printJson, printLines, tell } from "./terminal.ts";

/** Exit codes: 0 done, 1 failed, 2 wrong usage (commander's own errors); stopped by a signal: `exitCodeOf`. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Thrown when a signal stopped the command; what its job had finished is kept. */
export class SignalError extends Error {
  override readonly name = "SignalError";
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.signal = signal;
  }
}

/** Runs a job with a progress bar; the first signal asks it to stop, a second ends the process. Throws SignalError when it was stopped. */
export async function runWithProgress<J extends JobName>(
  name: J,
  request: JobRequest<J>,
  { quiet = false }: OutputOptions,
): Promise<JobResult<J>> {
  const controller = new AbortController();
  const bar = quiet ? undefined : progressBar();
  let stopped: StopSignal | undefined;
  const off = onStopSignal(
    (signal) => {
      stopped = signal;
      bar?.finish();
      tell("stopping; press Ctrl-C again to end at once");
      controller.abort();
    },
    () => bar?.finish(),
  );
  try {
    return await runJob(name, request, {
      signal: controller.signal,
      ...(bar === undefined ? {} : { onProgress: bar.update }),
    });
  } catch (error) {
    if (stopped !== undefined && (error as Error).name === "StoppedError") throw new SignalError(stopped);
    throw error;
  } finally {
    bar?.finish();
    off();
  }
}

/** Prints a result: for people, or as one line of JSON. */
export function print(value: unknown, lines: readonly string[], json: boolean): void {
  if (json) printJson(value);
  else printLines(lines);
}

/** Tells of what is odd, on stderr, before the work begins; nothing where there is nothing to tell. */
export function warn(warning: string | undefined): void {
  if (warning !== undefined) tell(`warning: ${warning}`);
}

/** What every command that ends with a result can be told of how to say it. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A command that a user would want now, ready to be typed, and what it is for. */
export type NextStep = readonly [command: string, purpose: string];

/** Prints a result on stdout; for people who have not asked for quiet, what to do next on stderr. */
export function conclude(
  value: unknown,
  lines: readonly string[],
  { json = false, quiet = false }: OutputOptions,
  next: readonly NextStep[] = [],
): void {
  print(value, lines, json);
  if (json || quiet || next.length === 0) return;
  tell("next:", ...table(next).map((line) => `  ${line}`));
}
