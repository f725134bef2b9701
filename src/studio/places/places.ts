/** What klish made in the workspace, at a look. */
import { opendir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { LAST_STAGE, loadState } from "../../project/auto/state.ts";
import { openProject } from "../../project/cluster/project.ts";
import { readJsonFile } from "../../project/storage/jsonFile.ts";
import { openTeaching } from "../../project/teach/teachFile.ts";
import { isPicture } from "../../text/pictureNames.ts";
import { type Place, runKinds } from "../api.ts";
import { type PlaceKind, placeKind, RUNS } from "./kinds.ts";
import { fileUrl, pathWithin, type Workspace } from "./workspace.ts";

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

/** The sheet that `klish cluster` writes of the parts. */
const PARTS_SHEET = "parts.png";

/** Of a place whose file is damaged: opening it says more. */
const NOTHING: Look = { complete: false, command: "" };

type RunLooks = Readonly<Record<(typeof runKinds)[number], (folder: string) => Promise<Look>>>;

const LOOKS: Readonly<Record<PlaceKind, (folder: string) => Promise<Look>>> = {
  async project(folder) {
    const { file } = await openProject(folder);
    const sheets: readonly string[] = await readdir(join(folder, "sheets")).catch(() => []);
    // Whole pictures in the colours of their parts: what others show is too small for a tile.
    const shown = sheets.includes(PARTS_SHEET) ? PARTS_SHEET : sheets.filter((name) => name.endsWith(".png")).sort()[0];
    return {
      ...{ complete: file.complete, command: file.command },
      ...(shown !== undefined && { preview: `sheets/${shown}` }),
    };
  },
  async teaching(folder) {
    const { settings } = await openTeaching(folder);
    const complete = await isThere(RUNS.extractor.network(folder));
    const preview = await aPicture(folder, "masks");
    return { complete, command: settings.command, ...(preview !== undefined && { preview }) };
  },
  ...(Object.fromEntries(runKinds.map((kind) => [kind, (folder: string) => runLook(folder, kind)])) as RunLooks),
  async dataset(folder) {
    const made = await isThere(join(folder, "dataset.json"));
    const complete = !made || (await isThere(join(folder, "overview.html")));
    const preview = (await isThere(join(folder, "sheet.png"))) ? "sheet.png" : await aPicture(folder, "images");
    return { complete, command: "", ...(preview !== undefined && complete && { preview }) };
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

/** Any picture of a folder in a place, which may hold a million. */
async function aPicture(folder: string, inside: string): Promise<string | undefined> {
  const entries = await opendir(join(folder, inside)).catch(() => undefined);
  if (entries === undefined) return undefined;
  for await (const { name } of entries) if (isPicture(name)) return `${inside}/${name}`;
  return undefined;
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined)) !== undefined;

async function runLook(folder: string, kind: (typeof runKinds)[number]): Promise<Look> {
  const { command } = await runFile(folder);
  const names = (await readdir(join(folder, "samples")).catch(() => [])).filter((name) => name.endsWith(".png")).sort();
  const complete = await isThere(RUNS[kind].network(folder));
  // An extractor that is solved, not trained step by step, has its pictures in one sheet.
  const preview = names.length > 0 ? `samples/${names.at(-1)}` : "extractor.png";
  return { complete, command, preview };
}
