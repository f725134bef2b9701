/** A run's folder: locked while something trains in it, and continued from the state that is there. */
import { hostname } from "node:os";
import { resolve, sep } from "node:path";
import { listFolder, ProjectError } from "../storage/files.ts";
import { isForeign } from "../storage/lock.ts";
import { loadClock } from "./clock.ts";
import { type EventWriter, openEvents } from "./log/eventWriter.ts";
import { cutLog } from "./log/log.ts";
import { loadState, type RunState } from "./state.ts";

/** The folder that a request names. Throws ProjectError where it names none, or two. */
export function runFolder({
  outdir,
  resume,
}: {
  readonly outdir: string | null;
  readonly resume: string | null;
}): string {
  if (outdir === null && resume === null)
    throw new ProjectError("say where the run's files go: --outdir <folder>, or --resume <folder> of an earlier run.");
  if (outdir !== null && resume !== null && resolve(outdir) !== resolve(resume))
    throw new ProjectError(`--resume continues ${resume}, --outdir says ${outdir}: give one of them.`);
  return resolve((outdir ?? resume) as string);
}

/** Throws ProjectError where a new run's folder would lie in one of those that it learns from. */
export function refuseInside(folder: string, sources: readonly (string | null)[]): void {
  for (const source of sources)
    if (source !== null && folder.startsWith(resolve(source) + sep))
      throw new ProjectError(`${folder} lies in ${source}. Choose an --outdir elsewhere.`);
}

/** Throws ProjectError where a request asks for anything else than a run was started with; null asks for nothing. */
export function refuseChanges(
  asked: Readonly<Record<string, unknown>>,
  fixed: Readonly<Record<string, unknown>>,
  folder: string,
): void {
  const changed = Object.keys(fixed).flatMap((name) =>
    asked[name] === null || asked[name] === fixed[name] ? [] : [`${name} was ${fixed[name]}, now ${asked[name]}`],
  );
  if (changed.length > 0)
    throw new ProjectError(
      `${folder} was started with other settings: ${changed.join("; ")}. Leave that out to continue it, or start a new run in another --outdir.`,
    );
}

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
