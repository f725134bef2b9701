/** A run's folder: locked while something trains in it, and continued from the state that is there. */
import { hostname } from "node:os";
import { listFolder, ProjectError } from "../storage/files.ts";
import { isForeign } from "../storage/lock.ts";
import { loadClock } from "./clock.ts";
import { type EventWriter, openEvents } from "./log/eventWriter.ts";
import { cutLog } from "./log/log.ts";
import { loadState, type RunState } from "./state.ts";

/** Throws ProjectError where a new run's folder holds other files. */
export async function refuseForeignFolder(folder: string): Promise<void> {
  const foreign = (await listFolder(folder)).filter(isForeign);
  if (foreign.length > 0)
    throw new ProjectError(
      `${folder} is not empty and holds no training run (${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""}). Choose an empty or new --outdir.`,
    );
}

/** Where a run goes on. */
export interface Continuation {
  /** Undefined: it begins. */
  readonly state: RunState | undefined;
  readonly images: number;
  /** Of training so far; none for a run that begins again. */
  readonly seconds: number;
  readonly events: EventWriter;
}

/** Finds the state to go on from, drops what the log says of later, and begins an event file. */
export async function continueIn(folder: string): Promise<Continuation> {
  const state = await loadState(folder);
  const images = state?.images ?? 0;
  const seconds = state === undefined ? 0 : (await loadClock(folder)).seconds;
  await cutLog(folder, images);
  const events = await openEvents(folder, { images, host: hostname(), wallTime: () => Date.now() / 1000 });
  return { state, images, seconds, events };
}
