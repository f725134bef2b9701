import type { Workspace } from "../../src/studio/api.ts";

/** A name for a new place that nothing has yet: the wanted one, or with a number after it. */
export function freeName(workspace: Pick<Workspace, "taken" | "places" | "prefix">, wanted: string): string {
  const { prefix, places } = workspace;
  const taken = new Set([...workspace.taken, ...places.map(({ at }) => at)]);
  // What is made of the opened project itself is called after it, as "parts-data" of "parts".
  const name = wanted.startsWith(prefix) ? wanted : `${prefix}${wanted}`;
  if (!taken.has(name)) return name;
  for (let n = 2; ; n++) if (!taken.has(`${name}-${n}`)) return `${name}-${n}`;
}
