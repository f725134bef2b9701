import { tell } from "./terminal.ts";

/** Errors of a pipe or terminal whose reader has gone: `| head -1`, a closed window. */
const GONE = new Set(["EPIPE", "EIO", "ECONNRESET", "ERR_STREAM_DESTROYED"]);

/**
 * Lets a command go on where nobody reads its output any more: hours of work must not end with a pager. What cannot be
 * written for another reason (a full disk) is told on stderr, and the command fails.
 */
export function outliveOutput(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (GONE.has(error.code ?? "")) return;
    tell(`klish: the result cannot be printed: ${error.message}`);
    process.exitCode = 1;
  });
  // Where errors cannot be told, none can be told about that.
  process.stderr.on("error", () => undefined);
}
