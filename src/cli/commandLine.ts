/** The command as a user would type it again. */
export function commandLine(): string {
  const quote = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  return ["npx klish", ...process.argv.slice(2).map(quote)].join(" ");
}
