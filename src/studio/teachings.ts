/** Classes that are taught by strokes, as pages see them: labels without clusters. */
import type { z } from "zod";
import { cssColor, distinctColors } from "../project/cluster/palette.ts";
import { brushRuns } from "../project/labels/strokes.ts";
import { withoutSecrets } from "../project/network/address.ts";
import { changeTeaching, openTeaching, TEACH_FILE, type TeachFolder } from "../project/teach/teachFile.ts";
import {
  paintedPixels,
  redoTeaching,
  type TeachAction,
  type TeachHistory,
  taught,
  undoTeaching,
} from "../project/teach/teaching.ts";
import type { Labels, labelEdit, teaching as teachingAnswer } from "./api.ts";
import { type LabelDesk, quoted } from "./labels.ts";
import { revisionOf } from "./places/stamp.ts";
import { fileUrl } from "./places/workspace.ts";
import { takingTurns } from "./turns.ts";
import { Refusal } from "./web/refusal.ts";

/** Answer of `GET /api/teaching`. */
export async function teachingOf(folder: string, at: string): Promise<z.output<typeof teachingAnswer>> {
  const { settings, teaching } = await openTeaching(folder);
  const { network, resolution } = settings;
  return { at, network: withoutSecrets(network), resolution, seeds: [...teaching.labels.keys()] };
}

/** The labels of all places where classes are taught. */
export function teachDesk(): LabelDesk {
  const inTurn = takingTurns();
  const change: LabelDesk["edit"] = async (folder, at, edits, revision) => {
    const changed = await changeTeaching(folder, async ({ settings, history }) => {
      if (revision !== undefined && revision !== (await revisionOf(folder, TEACH_FILE)))
        throw new Refusal(409, "the classes were edited elsewhere meanwhile: look at them, and edit again.");
      return edits.reduce((so, one) => after(so, one, settings.resolution), history);
    });
    return { labels: view(changed, at, await revisionOf(folder, TEACH_FILE)), notes: [] };
  };
  return {
    async read(folder, at) {
      // The file may change between the two: then what is read is newer than its revision, and an event will say so.
      const revision = await revisionOf(folder, TEACH_FILE);
      return view(await openTeaching(folder), at, revision);
    },
    edit: (folder, ...rest) => inTurn(folder, () => change(folder, ...rest)),
  };
}

/** The history after an edit. Throws ProjectError where it does not fit, Refusal for an edit of clusters. */
function after(history: TeachHistory, one: z.output<typeof labelEdit>, side: number): TeachHistory {
  if (one.type === "undo") return undoTeaching(history);
  if (one.type === "redo") return redoTeaching(history);
  const { actions } = history;
  return { actions: [...actions, actionOf(one, side, actions)], undone: [] };
}

function actionOf(
  one: Exclude<z.output<typeof labelEdit>, { type: "undo" | "redo" }>,
  side: number,
  before: readonly TeachAction[],
): TeachAction {
  switch (one.type) {
    case "add":
      return { type: "add", name: one.name, color: one.color ?? nextColor(before) };
    case "name":
      return { type: "name", class: one.part, name: one.name };
    case "color":
      return { type: "color", class: one.part, color: one.color };
    case "remove":
      return { type: "remove", class: one.part };
    case "stroke": {
      const { seed, part, points, radius } = one;
      return { type: "stroke", seed, class: part, runs: brushRuns(points, radius, side) };
    }
    default:
      throw new Refusal(400, `classes are taught here, without clusters: there is nothing to ${one.type}.`);
  }
}

/** Colours of the first classes, far apart. */
const COLORS = distinctColors(24).map(cssColor);

/** The first colour that no class was given. */
function nextColor(actions: readonly TeachAction[]): string {
  const given = new Set(actions.flatMap((action) => ("color" in action ? [action.color] : [])));
  return COLORS.find((color) => !given.has(color)) ?? COLORS[given.size % COLORS.length];
}

function view({ settings, history, teaching }: TeachFolder, at: string, revision: string): Labels {
  const painted = paintedPixels(teaching);
  const { actions, undone } = history;
  const namesBefore = (length: number): ReadonlyMap<number, string> =>
    new Map(taught(settings.resolution, actions.slice(0, length)).classes.map(({ id, name }) => [id, name]));
  const last = actions.at(-1);
  return {
    ...{ at, revision, k: 0 },
    classes: teaching.classes.map(({ id, name, color }, label) => ({
      ...{ name, named: true, color, parts: [id], background: false, split: null, locked: false },
      ...{ maskIds: String(label), painted: painted[label] },
    })),
    ...{ ignored: [], strokes: teaching.strokes },
    undo: last === undefined ? null : actionText(last, namesBefore(actions.length - 1)),
    redo: undone.length === 0 ? null : actionText(undone[0], namesBefore(actions.length)),
    names: { classes: [], byK: [] },
    fileUrl: fileUrl(at, TEACH_FILE),
  };
}

/** An edit in words; `names` are those of the classes before it. */
function actionText(action: TeachAction, names: ReadonlyMap<number, string>): string {
  const named = (id: number): string => quoted(names.get(id) ?? "");
  switch (action.type) {
    case "add":
      return `add ${quoted(action.name)}`;
    case "name":
      return `name ${named(action.class)} ${quoted(action.name)}`;
    case "color":
      return `colour of ${named(action.class)}`;
    case "remove":
      return `remove ${named(action.class)}`;
    case "stroke":
      return action.class === null ? "take a stroke back" : `stroke of ${named(action.class)}`;
  }
}
