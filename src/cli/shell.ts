import { shellWord } from "../text/escape.ts";

/** A command as a user would type it. */
export const shellCommand = (...words: readonly string[]): string => ["klish", ...words.map(shellWord)].join(" ");

/** The command that runs now, to be shown and typed again. */
export const commandLine = (): string => `npx ${shellCommand(...process.argv.slice(2))}`;
