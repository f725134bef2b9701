import { withoutSecrets } from "../project/network/address.ts";
import { shellWord } from "../text/escape.ts";

/** A command as a user would type it. */
export const shellCommand = (...words: readonly string[]): string => ["klish", ...words.map(shellWord)].join(" ");

/** The command that runs now, to be shown and kept: typed again it does the same, but for keys in addresses, which are left out. */
export const commandLine = (): string => `npx ${shellCommand(...process.argv.slice(2).map(withoutSecrets))}`;

const OPENERS: Partial<Record<NodeJS.Platform, string>> = { darwin: "open", win32: "start" };

/** What shows a page or a picture with the program that this system has for it. */
export const openCommand = (path: string): string => `${OPENERS[process.platform] ?? "xdg-open"} ${shellWord(path)}`;
