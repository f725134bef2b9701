/** What the signals do that ask a command to end: stop its job at a safe point, or, when it is asked again, end at once. */
import { constants } from "node:os";

/** Ctrl-C, `kill`, and the terminal that is closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type StopSignal = (typeof SIGNALS)[number];

/** The exit code of a command that a signal ended, as shells give it: 130 for Ctrl-C, 143 for `kill`. */
export const exitCodeOf = (signal: StopSignal): number => 128 + constants.signals[signal];

/** Ctrl-C goes to npx too, which passes it on, and `timeout` signals its whole group: the same signal so soon is the same one. */
const SAME_MS = 500;

/**
 * Calls `stop` at the first signal, and `finish` before a second one ends the process at once. Returns what ends that.
 * The second ends it as it would end a process that knows no signals: `process.exit` would wait for the job's thread, and
 * abort it in the middle of a native call.
 */
export function onStopSignal(stop: (signal: StopSignal) => void, finish: () => void): () => void {
  let first: { readonly signal: StopSignal; readonly time: number } | undefined;
  const handle = (signal: StopSignal): void => {
    if (first === undefined) {
      first = { signal, time: performance.now() };
      stop(signal);
      return;
    }
    if (signal === first.signal && performance.now() - first.time < SAME_MS) return;
    finish();
    off();
    process.kill(process.pid, signal);
  };
  const off = (): void => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return off;
}
