/**
 * All that klish shows passes through here. Names and values come from files that may be anybody's: what a terminal would obey
 * (colours, titles, line breaks) is written out, so that no file name looks like a line of ours.
 */
import { plainJson, visible } from "../text/escape.ts";

const shown = (lines: readonly string[]): string => lines.map((line) => `${visible(line)}\n`).join("");

/** Lines of a result, on stdout. */
export const printLines = (lines: readonly string[]): void => void process.stdout.write(shown(lines));

/** A result for machines, on one line of stdout. */
export const printJson = (value: unknown): void => void process.stdout.write(`${plainJson(value)}\n`);

/** Lines that are not the result, on stderr. */
export const tell = (...lines: readonly string[]): void => void process.stderr.write(shown(lines));
