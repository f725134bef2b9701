/** Names given in a report, as they leave it: labels.json of the project, or commands of `klish label`. */
import { shellWord } from "../../src/text/escape.ts";
import type { Model } from "../shared/parts/model.ts";

/** Clusters of one name make one class. By name: ids, ascending. */
function classesOf(names: ReadonlyMap<number, string>): Map<string, number[]> {
  const classes = new Map<string, number[]>();
  for (const id of [...names.keys()].sort((a, b) => a - b))
    classes.set(names.get(id)!, [...(classes.get(names.get(id)!) ?? []), id]);
  return classes;
}

/** The text of labels.json at `k`. A cluster that has no name is a class of its own, called after its id as `klish label cut` does. */
export function labelsFile(
  { hierarchy, data }: Pick<Model, "hierarchy" | "data">,
  names: ReadonlyMap<number, string>,
  k: number,
): string {
  const ids = Array.from(hierarchy.aliveAt(k));
  const digits = String(data.initialClusters - 1).length;
  const nameOf = (id: number): string => names.get(id) ?? `part ${String(id).padStart(digits, "0")}`;
  const classes = [...classesOf(new Map(ids.map((id) => [id, nameOf(id)])))].map(([name, members]) => ({
    ...{ name, color: data.colors[members[0]] },
    ...{ clusters: members.map((id) => ids.indexOf(id)), background: false, split: null },
  }));
  const labels = { k, classes, ignored: [] };
  return `${JSON.stringify({ klish: "labels", version: 1, labels, history: { base: labels, actions: [] } }, null, 1)}\n`;
}

/** The commands that give the clusters of `k` these names, one a line. `project` is the project's folder. */
export function labelCommands(names: ReadonlyMap<number, string>, k: number, project: string): string {
  const command = (...words: readonly (string | number)[]): string =>
    ["npx", "klish", "label", ...words.map((word) => shellWord(String(word)))].join(" ");
  const lines = [...classesOf(names)].map(([name, ids]) =>
    ids.length === 1 ? command("name", project, ids[0], name) : command("take", project, ...ids, "as", name),
  );
  return [command("cut", project, k), ...lines].map((line) => `${line}\n`).join("");
}

/** The folder that a page on this machine lies in; for any other, what stands for it in a command. */
export function projectOf({ protocol, pathname }: Pick<Location, "protocol" | "pathname">): string {
  if (protocol !== "file:") return "my-project";
  const path = decodeURIComponent(pathname).replace(/\/[^/]*$/, "");
  return /^\/[A-Za-z]:/.test(path) ? path.slice(1) : path;
}
