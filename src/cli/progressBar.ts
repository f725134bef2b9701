import { type Pace, paceOf } from "../project/jobs/pace.ts";
import type { Progress } from "../tensor/progress.ts";
import { visible } from "../text/escape.ts";

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressBar {
  update(progress: Progress): void;
  /** Ends the line that is being drawn. */
  finish(): void;
}

const BAR_WIDTH = 24;
/** A terminal that is too narrow for the note takes from the bar first, down to this. */
const LEAST_BAR_WIDTH = 6;
const REDRAW_MS = 100;
/** Without a terminal a line now and then is enough for a log. */
const LOG_MS = 10_000;

/** A dumb terminal cannot go back in a line: it gets lines, as a log does. */
const standardError: Output = {
  isTTY: process.stderr.isTTY === true && process.env["TERM"] !== "dumb",
  get columns() {
    return process.stderr.columns;
  },
  write: (text) => process.stderr.write(text),
};

/** Progress on stderr: one line per phase with a bar, its share, and the time left; plain lines where there is no terminal. */
export function progressBar(output: Output = standardError, now: () => number = () => performance.now()): ProgressBar {
  const paceAt = paceOf(now);
  let drawn = Number.NEGATIVE_INFINITY;
  let open = false;

  const end = (): void => {
    if (open) output.write("\n");
    open = false;
  };
  return {
    update(progress) {
      const time = now();
      const pace = paceAt(progress);
      if (pace.begins) {
        end();
        drawn = Number.NEGATIVE_INFINITY;
      }
      const complete = progress.done >= progress.total;
      if (!complete && time - drawn < (output.isTTY ? REDRAW_MS : LOG_MS)) return;
      if (complete && drawn === Number.POSITIVE_INFINITY) return;
      drawn = complete ? Number.POSITIVE_INFINITY : time;
      const columns = (output.columns ?? 80) - 1;
      const parts = progressParts(progress, pace);
      const line = visible(progressLine(progress, parts, output.isTTY ? columns : Number.POSITIVE_INFINITY));
      if (output.isTTY) {
        output.write(`\r${line.slice(0, columns)}\u001b[K`);
        open = true;
      } else output.write(`${line}\n`);
    },
    finish: end,
  };
}

/** Share, time and note. */
function progressParts({ done, total, note }: Progress, { seconds, secondsLeft }: Pace): string[] {
  const left = secondsLeft === undefined ? "" : `${formatSeconds(secondsLeft)} left`;
  const time = done >= total ? formatSeconds(seconds) : left;
  return [`${Math.floor(shareOf({ done, total }) * 100)}%`.padStart(4), time, note ?? ""].filter((s) => s !== "");
}

function progressLine(progress: Progress, parts: readonly string[], columns: number): string {
  const name = progress.phase.padEnd(22);
  const rest = name.length + parts.reduce((sum, part) => sum + part.length + 1, 0) + 1;
  const width = Math.min(BAR_WIDTH, Math.max(LEAST_BAR_WIDTH, columns - rest));
  const full = Math.round(shareOf(progress) * width);
  return [name, "█".repeat(full) + "░".repeat(width - full), ...parts].join(" ");
}

const shareOf = ({ done, total }: Pick<Progress, "done" | "total">): number =>
  total > 0 ? Math.min(1, done / total) : 1;

/** 7.3 s, 4 min 05 s, 2 h 10 min. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")} min`;
}
