/**
 * The opened folder, and what klish made in it. A folder that is a place itself (a project, a run, a data set) is shown with what was made of
 * it, beside it: `parts` with `parts-data`. Paths are given with "/" from there, and none leads out: no "..", no absolute path, no symbolic link.
 */
import { mkdir, realpath, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { insidePath } from "../../dataset/insidePath.ts";
import { ProjectError } from "../../project/storage/files.ts";
import { Refusal } from "../web/refusal.ts";
import { type PlaceKind, placeKind } from "./kinds.ts";

/** The opened folder. */
export interface Workspace {
  /** As it was given, absolute. */
  readonly folder: string;
  /** What it is. */
  readonly kind: PlaceKind | "folder";
  /** From where paths are given. */
  readonly base: string;
  /** How names of new places begin. */
  readonly prefix: string;
  /** Whether the first part of a path may be this name. */
  readonly admits: (name: string) => boolean;
}

/** Opens a folder; one that is not there is made when something is written. Throws ProjectError where it is a file. */
export async function openWorkspace(path: string): Promise<Workspace> {
  const folder = resolve(path);
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() === false)
    throw new ProjectError(`${path} is a file. Give a folder: a project, a run, a data set, or one for new ones.`);
  const kind = found === undefined ? undefined : await placeKind(folder);
  const name = basename(folder);
  if (kind === undefined || name === "")
    return { folder, kind: "folder", base: folder, prefix: "", admits: (part) => !part.startsWith(".") };
  return {
    ...{ folder, kind, base: dirname(folder), prefix: `${name}-` },
    admits: (part) => part === name || part.startsWith(`${name}-`),
  };
}

/** Parts of a path from a request. Throws Refusal for one that could mean something outside. */
function partsOf({ admits }: Workspace, path: string): string[] {
  const parts = path.split("/");
  const odd = (part: string): boolean => part === "" || part === "." || part === ".." || /[\\\p{Cc}]/u.test(part);
  if (parts.some(odd) || (sep === "\\" && /[:*?"<>|]/.test(path)) || !admits(parts[0]))
    throw new Refusal(404, `${JSON.stringify(path)} is not in the opened folder.`);
  return parts;
}

/** The path on disk of one from a request, which need not be there. Throws Refusal where it leads out of the workspace, by whatever way. */
export async function pathWithin(workspace: Workspace, path: string): Promise<string> {
  const whole = join(workspace.base, ...partsOf(workspace, path));
  const home = await realpath(workspace.base).catch(() => undefined);
  if (home === undefined) return whole;
  // The part of it that is there already, with its links followed.
  let there = whole;
  let real = await realpath(there).catch(() => undefined);
  while (real === undefined) {
    there = dirname(there);
    real = await realpath(there).catch(() => undefined);
  }
  const within = relative(home, real).split(sep);
  const inside =
    real === home || (within[0] !== ".." && workspace.admits(within[0]) && resolve(home, ...within) === real);
  if (!inside) throw new Refusal(404, `${JSON.stringify(path)} leads out of the opened folder.`);
  return whole;
}

/** The same for what is made anew: a path that every file system takes. */
export async function newPathWithin(workspace: Workspace, path: string): Promise<string> {
  try {
    insidePath(path);
  } catch (error) {
    throw new Refusal(400, (error as Error).message);
  }
  const whole = await pathWithin(workspace, path);
  await mkdir(workspace.base, { recursive: true });
  return whole;
}

/** The path from the workspace of one on disk; null where it lies outside. */
export function pathFrom({ base, admits }: Workspace, path: string): string | null {
  const parts = relative(base, path).split(sep);
  return parts[0] !== ".." && parts[0] !== "" && admits(parts[0]) ? parts.join("/") : null;
}

/** The folder of a place. Throws Refusal where it is none, or of another kind. */
export async function folderOf(workspace: Workspace, at: string, ...kinds: readonly PlaceKind[]): Promise<string> {
  const folder = await pathWithin(workspace, at);
  const kind = await placeKind(folder);
  if (kind === undefined || !kinds.includes(kind))
    throw new Refusal(404, `${JSON.stringify(at)} is no ${kinds.join(" or ")} of the opened folder.`);
  return folder;
}

/** Deletes a place; nothing where there is none, or one of another kind. */
export async function removePlace(workspace: Workspace, at: string, kind: PlaceKind): Promise<void> {
  const folder = await folderOf(workspace, at, kind).catch(() => undefined);
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

/** The address of a file of the workspace. */
export const fileUrl = (at: string, ...names: readonly string[]): string =>
  `/files/${[...at.split("/"), ...names].map(encodeURIComponent).join("/")}`;
