import { withoutSecrets } from "../project/network/address.ts";
import { shellWord } from "../text/escape.ts";

/** A command as a user would type it. */
export const shellCommand = (...words: readonly string[]): string => ["klish", ...words.map(shellWord)].join(" ");

/** The command that runs now, to be shown and kept: typed again it does the same, but for keys in addresses, which are left out. */
export const commandLine = (): string => `npx ${shellCommand(...process.argv.slice(2).map(withoutSecrets))}`;
