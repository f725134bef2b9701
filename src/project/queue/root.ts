/** Paths that travel between machines: relative to a folder that all of them see, wherever each has it. */
import { realpath } from "node:fs/promises";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { insidePath } from "../../dataset/insidePath.ts";
import { shellWord } from "../../text/escape.ts";
import { ProjectError } from "../storage/files.ts";

/** A path below the root, its parts divided by "/"; "." is the root itself. */
export const rootPath = z.string().refine(
  (path) => {
    try {
      return path === "." || insidePath(path) === path;
    } catch {
      return false;
    }
  },
  { error: "expected a path inside the root" },
);

/** The shared folder of a machine. */
export interface Root {
  /** The real path. */
  readonly folder: string;
  /** The path below the root of something on this machine. Rejects with ProjectError where it lies elsewhere. */
  of(path: string): Promise<string>;
  /**
   * Where that is on this machine. Rejects with ProjectError where it is not there, or where a link leads out of the root: what a queue says may be
   * anybody's.
   */
  at(path: string): Promise<string>;
}

/** Throws ProjectError where there is no such folder. */
export async function openRoot(folder: string): Promise<Root> {
  const home = await realpath(folder).catch((cause) => {
    throw new ProjectError(`${folder}: there is no such folder. Give the one that all machines share with --root.`, {
      cause,
    });
  });
  const isInside = (path: string): boolean => path === home || path.startsWith(home.endsWith(sep) ? home : home + sep);
  return {
    folder: home,
    async of(path) {
      const real = await realpath(path).catch(() => resolve(path));
      if (!isInside(real))
        throw new ProjectError(
          `${path} is not in ${home}, which the machines share. Put it there, or give a folder that has both: --root ${shellWord(commonFolder(home, real))}`,
        );
      return relative(home, real).split(sep).join("/") || ".";
    },
    async at(path) {
      const wanted = path === "." ? home : join(home, insidePath(path));
      const real = await realpath(wanted).catch((cause) => {
        throw new ProjectError(`${path} is not in ${home}: does every machine see the same folder there (--root)?`, {
          cause,
        });
      });
      if (isAbsolute(path) || !isInside(real))
        throw new ProjectError(`${path} leads out of ${home}: nothing outside the root is touched for a queue.`);
      return real;
    },
  };
}

/** The innermost folder that holds both. */
function commonFolder(a: string, b: string): string {
  const [first, second] = [a.split(sep), b.split(sep)];
  const differs = first.findIndex((part, i) => part !== second[i]);
  return first.slice(0, differs < 0 ? undefined : differs).join(sep) || sep;
}
