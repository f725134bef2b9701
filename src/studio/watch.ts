/** Looks now and then at what others change: labels by commands in a terminal, trainings of another process, folders that come and go. */
import { join } from "node:path";
import { TEACH_FILE } from "../project/teach/teachFile.ts";
import { readLog } from "../project/train/log/log.ts";
import { type LogLine, runKinds } from "./api.ts";
import { placesOf } from "./places/places.ts";
import { LABELS_FILE, revisionOf, stampOf } from "./places/stamp.ts";
import { pathWithin, type Workspace } from "./places/workspace.ts";
import { newLines, sheetsOf } from "./runs.ts";
import type { Events } from "./web/events.ts";

const EVERY_MS = 1000;

/** Tells of changes while anybody listens. Returns what ends that. */
export function watchWorkspace(workspace: Workspace, events: Events): () => void {
  let places: string | undefined;
  const stamps = new Map<string, string>();
  const logs = new Map<string, readonly LogLine[]>();
  let timer: NodeJS.Timeout | undefined;
  let ended = false;

  /** Whether a file changed since it was looked at; what the first look is. */
  const changed = async (path: string, first = false): Promise<boolean> => {
    const [before, now] = [stamps.get(path), await stampOf(path)];
    stamps.set(path, now);
    return before === undefined ? first : before !== now;
  };
  const look = async (): Promise<void> => {
    const found = await placesOf(workspace);
    const text = JSON.stringify(found.map(({ modified, ...place }) => place));
    if (places !== undefined && places !== text) events.send({ type: "places" });
    places = text;
    for (const { at, kind } of found) {
      const folder = await pathWithin(workspace, at);
      const edited = kind === "project" ? LABELS_FILE : kind === "teaching" ? TEACH_FILE : undefined;
      if (edited !== undefined && (await changed(join(folder, edited))))
        events.send({ type: "labels", at, revision: await revisionOf(folder, edited) });
      // A page may have asked just before the first look: it asks again.
      if (kind === "project" && (await changed(join(folder, "tree.safetensors"), true)))
        events.send({ type: "clustering", at });
      if (!runKinds.some((run) => run === kind)) continue;
      const grew = await changed(join(folder, "log.jsonl"));
      const seen = logs.get(at);
      if (seen === undefined) logs.set(at, await readLog(folder));
      else if (grew) {
        const news = await newLines(folder, seen);
        if (news === "cut") {
          logs.set(at, await readLog(folder));
          events.send({ type: "run", at });
        } else if (news !== undefined) {
          logs.set(at, news.all);
          const lines = [...news.lines];
          events.send({ type: "log", at, from: seen.length, lines, sheets: await sheetsOf(folder, at) });
        }
      }
    }
  };
  const again = (): void => {
    if (ended) return;
    timer = setTimeout(async () => {
      // A folder that is moved meanwhile is looked at again.
      if (events.heard) await look().catch(() => undefined);
      again();
    }, EVERY_MS);
    timer.unref();
  };
  again();
  return () => {
    ended = true;
    clearTimeout(timer);
  };
}
