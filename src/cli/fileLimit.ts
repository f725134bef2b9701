/**
 * Open files that a command needs at the least, several times over: Node opens all files of a program together, and those of a
 * worker thread again.
 */
const NEEDED = 512;

/**
 * What to tell a user whose system lets a process open fewer files than klish needs: with such a limit it fails where it first happens to
 * need one more, often with another error. Undefined where the limit is high enough or unknown.
 */
export function tooFewFiles(): string | undefined {
  // Looks at no network, which would take files too.
  const report = process.report as (typeof process.report & { excludeNetwork?: boolean }) | undefined;
  if (report === undefined) return undefined;
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: unknown } } };
  const limit = userLimits?.open_files?.soft;
  if (typeof limit !== "number" || limit >= NEEDED) return undefined;
  return (
    `klish: only ${limit} files may be open at once here, and klish needs more. Raise the limit with ulimit -n 1024 ` +
    "(in a container: --ulimit nofile=1024) and run the same command again"
  );
}
