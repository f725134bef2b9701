/** A relative path that stays inside its folder: the only kind that is written below an output folder, or into an archive. */

/** Names that mean something else to Windows: drives and streams (":"), its own separator, wildcards, control characters. */
const FOREIGN = /[\\:*?"<>|\p{Cc}]/u;

/**
 * The path itself, parts divided by "/". Throws RangeError where it is absolute, leaves its folder, has an empty part, or has a
 * character that some file system takes for more than a part of a name.
 */
export function insidePath(path: string): string {
  const wrong =
    path === "" || FOREIGN.test(path) || path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (wrong)
    throw new RangeError(`${JSON.stringify(path)} is not a path inside a folder, such as images/seed000001.png`);
  return path;
}

/** A file stem for a sample, from a name that somebody else chose: letters, digits, "-" and "_", never empty. */
export const fileStem = (name: string): string => name.replaceAll(/[^\w-]/g, "_") || "_";
