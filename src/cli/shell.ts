/** A word as a shell takes it whole. */
export const quoted = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A command as a user would type it. */
export const shellCommand = (...words: readonly string[]): string => ["klish", ...words.map(quoted)].join(" ");

/** The command that runs now, to be shown and typed again. */
export const commandLine = (): string => `npx ${shellCommand(...process.argv.slice(2))}`;
