/**
 * The opened folder, and what klish made in it. A folder that is a place itself (a project, a run, a data set) is shown with what was made of
 * it, beside it: `parts` with `parts-data`. Paths are given with "/" from there, and none leads out: no "..", no absolute path, no symbolic link.
 */
import { mkdir, readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { z } from "zod";
import { insidePath } from "../dataset/insidePath.ts";
import { LAST_STAGE, loadState } from "../project/auto/state.ts";
import { openProject } from "../project/cluster/project.ts";
import { isTrainingRun, networkPath, SEGMENTER_RUN, segmenterPath } from "../project/network/trainingRun.ts";
import { ProjectError } from "../project/storage/files.ts";
import { readJsonFile } from "../project/storage/jsonFile.ts";
import type { Place, placeKinds } from "./api.ts";
import { Refusal } from "./refusal.ts";

/** A kind of place. */
export type PlaceKind = (typeof placeKinds)[number];

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

/** What klish made in a folder; undefined where it is none of its. */
export async function placeKind(folder: string): Promise<PlaceKind | undefined> {
  const names = new Set(await readdir(folder).catch(() => []));
  if (names.has("auto.json")) return "auto";
  if (names.has("project.json")) return "project";
  if (names.has("dataset.json") || ["images", "masks", "classes.json"].every((name) => names.has(name)))
    return "dataset";
  if (!names.has("settings.json")) return undefined;
  if (await isTrainingRun(folder)) return "gan";
  return (await isTrainingRun(folder, SEGMENTER_RUN)) ? "segmenter" : undefined;
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

/** The address of a file of the workspace. */
export const fileUrl = (at: string, ...names: readonly string[]): string =>
  `/files/${[...at.split("/"), ...names].map(encodeURIComponent).join("/")}`;

/** More are not looked at: a folder of that many is no workspace. */
const MOST_PLACES = 500;

/** What klish made in the workspace: right in it, and in folders in it that hold several (as that of `klish auto`); the newest first. */
export async function placesOf(workspace: Workspace): Promise<Place[]> {
  const places: Place[] = [];
  const look = async (at: string, deeper: boolean): Promise<void> => {
    if (places.length >= MOST_PLACES) return;
    const folder = await pathWithin(workspace, at).catch(() => undefined);
    if (folder === undefined) return;
    const kind = await placeKind(folder);
    if (kind !== undefined) places.push(await placeOf(folder, at, kind));
    if (!deeper || (kind !== undefined && kind !== "auto")) return;
    for (const name of await foldersIn(folder)) await look(`${at}/${name}`, false);
  };
  for (const name of await foldersIn(workspace.base)) if (workspace.admits(name)) await look(name, true);
  return places.sort((a, b) => b.modified - a.modified || (a.at < b.at ? -1 : 1));
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries.filter((e) => e.isDirectory() && !e.name.startsWith(".")).map(({ name }) => name);
}

async function placeOf(folder: string, at: string, kind: PlaceKind): Promise<Place> {
  const { complete, command, preview } = await LOOKS[kind](folder).catch(() => NOTHING);
  const { mtimeMs } = await stat(folder);
  const shown = preview !== undefined && (await stat(join(folder, preview)).catch(() => undefined)) !== undefined;
  return {
    ...{ at, kind, complete, command, modified: Math.round(mtimeMs) },
    previewUrl: shown ? fileUrl(at, ...preview.split("/")) : null,
  };
}

/** What a place says of itself. */
interface Look {
  readonly complete: boolean;
  readonly command: string;
  /** A picture in it. */
  readonly preview?: string;
}

/** Of a place whose file is damaged: opening it says more. */
const NOTHING: Look = { complete: false, command: "" };

const LOOKS: Readonly<Record<PlaceKind, (folder: string) => Promise<Look>>> = {
  async project(folder) {
    const { file } = await openProject(folder);
    const sheets = await readdir(join(folder, "sheets")).catch(() => []);
    const [first] = sheets.filter((name) => name.endsWith(".png")).sort();
    return {
      ...{ complete: file.complete, command: file.command },
      ...(first !== undefined && { preview: `sheets/${first}` }),
    };
  },
  async gan(folder) {
    return { complete: await isThere(networkPath(folder)), ...(await runLook(folder)) };
  },
  async segmenter(folder) {
    return { complete: await isThere(segmenterPath(folder)), ...(await runLook(folder)) };
  },
  async dataset(folder) {
    const made = await isThere(join(folder, "dataset.json"));
    const complete = !made || (await isThere(join(folder, "overview.html")));
    return { complete, command: "", preview: "sheet.png" };
  },
  async auto(folder) {
    const state = await loadState(folder);
    return { complete: state?.stages[LAST_STAGE] !== undefined, command: state?.command ?? "" };
  },
};

const runFile = async (folder: string): Promise<{ readonly command: string }> =>
  (await readJsonFile(join(folder, "settings.json"), z.looseObject({ command: z.string() }), {
    what: "a training run",
    remedy: "Restore it, or start again in another folder.",
  })) ?? { command: "" };

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

async function runLook(folder: string): Promise<Omit<Look, "complete">> {
  const { command } = await runFile(folder);
  const names = (await readdir(join(folder, "samples")).catch(() => [])).filter((name) => name.endsWith(".png")).sort();
  return { command, ...(names.length > 0 && { preview: `samples/${names.at(-1)}` }) };
}
