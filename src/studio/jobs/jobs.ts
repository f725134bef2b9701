/**
 * The jobs of the studio: long ones run one after another, as each takes the whole machine; quick ones at once. All are `project` jobs in
 * threads of their own, which write as they go: one that was stopped, or whose server ended, continues from there. The list is kept in the
 * user's cache, not in the opened folder: that may be somebody else's, whose jobs nobody here asked for.
 */
import { createHash, randomUUID } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { JobName, JobRequest } from "../../project/jobs/jobs.ts";
import { paceOf } from "../../project/jobs/pace.ts";
import type { runJob } from "../../project/jobs/runJob.ts";
import { makeFolder, writeAtomic } from "../../project/storage/files.ts";
import { readJsonFile } from "../../project/storage/jsonFile.ts";
import { takeLock } from "../../project/storage/lock.ts";
import { cacheFolder } from "../../runtime/node/cacheFolder.ts";
import { type Job, job, type StudioJob, studioJobs } from "../api.ts";
import { placeKind } from "../places/kinds.ts";
import { pathWithin, removePlace, type Workspace } from "../places/workspace.ts";
import type { Events } from "../web/events.ts";
import { Refusal, refusalOf } from "../web/refusal.ts";
import { admit } from "./jobRequests.ts";

/** Runs a job: `runJob` of project/jobs. */
export type RunJob = typeof runJob;

/** The jobs of one server. */
export interface Jobs {
  /** Newest first. */
  list(): readonly Job[];
  /** Throws Refusal where the request is wrong, or a preview would be made of a place that is there. */
  start(kind: StudioJob, request: Readonly<Record<string, unknown>>, preview?: boolean): Promise<Job>;
  /** Throws Refusal where there is no such job, or it is not in a state for that. */
  act(id: string, action: "pause" | "continue" | "forget"): Promise<void>;
  /** Stops what runs at its next safe point, and keeps the list but for previews. */
  close(): Promise<void>;
}

interface JobsOptions {
  readonly workspace: Workspace;
  readonly events: Events;
  readonly outsidePaths: boolean;
  readonly run: RunJob;
}

const jobsFile = z.strictObject({ klish: z.literal("studio"), version: z.literal(1), jobs: z.array(job) });

/** A progress is sent this often. */
const PROGRESS_MS = 250;
/** Jobs that have ended and are kept. */
const MOST_ENDED = 100;

const isEnded = ({ state }: Job): boolean => state === "done" || state === "failed" || state === "paused";

/** Jobs that a server before left running wait to be continued. Throws ProjectError where another server has the folder open. */
export async function openJobs({ workspace, events, outsidePaths, run }: JobsOptions): Promise<Jobs> {
  const home = join(cacheFolder(), "studio");
  await makeFolder(home);
  const path = join(home, `${createHash("sha256").update(workspace.folder).digest("hex").slice(0, 32)}.json`);
  const release = await takeLock(`${path}.lock`, workspace.folder);
  const what = { what: "a list of the studio's jobs", remedy: "Delete it: no results are lost." };
  const found = await readJsonFile(path, jobsFile, what).catch(async (error) => {
    await release();
    throw error;
  });
  let jobs: readonly Job[] = (found?.jobs ?? []).map((one) =>
    isEnded(one) ? one : { ...one, state: "paused", progress: null },
  );
  const running = new Map<string, { readonly controller: AbortController; readonly ended: Promise<void> }>();
  let closing = false;

  let saving: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    saving = saving
      .catch(() => undefined)
      .then(() => writeAtomic(path, `${JSON.stringify({ klish: "studio", version: 1, jobs: jobs.map(kept) })}\n`));
    return saving;
  };
  const find = (id: string): Job => {
    const one = jobs.find((other) => other.id === id);
    if (one === undefined) throw new Refusal(404, `there is no job ${JSON.stringify(id)}.`);
    return one;
  };
  const change = (id: string, values: Partial<Job>): void => {
    const changed = { ...find(id), ...values };
    jobs = jobs.map((one) => (one.id === id ? changed : one));
    events.send({ type: "job", job: changed });
  };
  /** Takes a job off the list; a preview's files go with it. */
  const forget = async ({ id, preview, at }: Job): Promise<void> => {
    jobs = jobs.filter((one) => one.id !== id);
    events.send({ type: "forgotten", id });
    if (preview && at !== null) await removePlace(workspace, at, "dataset");
  };
  const forgetPreviews = async (): Promise<void> => {
    for (const one of jobs.filter((other) => other.preview && isEnded(other))) await forget(one);
  };
  // Those of a server that was killed.
  await forgetPreviews();
  const isBusy = (): boolean => jobs.some(({ id, kind }) => running.has(id) && !studioJobs[kind].quick);

  /** Runs what may run now: of the long ones the oldest, if none does. */
  const next = (): void => {
    if (closing) return;
    for (const one of jobs.toReversed()) {
      if (one.state !== "waiting" || (!studioJobs[one.kind].quick && isBusy())) continue;
      const controller = new AbortController();
      running.set(one.id, { controller, ended: runOne(one, controller.signal) });
    }
  };

  const runOne = async ({ id, kind, request }: Job, signal: AbortSignal): Promise<void> => {
    change(id, { state: "running", started: Date.now(), ended: null, error: null, progress: null, result: null });
    const report = progressOf((progress) => change(id, { progress }));
    let ends: Partial<Job>;
    try {
      const admitted = await admit(workspace, kind, request, outsidePaths);
      const result = await run(kind as JobName, admitted.request as unknown as JobRequest<JobName>, {
        signal,
        onProgress: report.update,
      });
      ends = { state: "done", result: result ?? null };
    } catch (error) {
      const { body } = refusalOf(error);
      ends =
        body.error === "StoppedError" || signal.aborted
          ? { state: "paused" }
          : { state: "failed", error: body.message };
    }
    report.end();
    running.delete(id);
    change(id, { ...ends, ended: Date.now() });
    // The list is a convenience; what the job made is on disk.
    await save().catch(() => undefined);
    events.send({ type: "places" });
    next();
  };

  return {
    list: () => jobs,
    async start(kind, request, preview = false) {
      const { at } = await admit(workspace, kind, request, outsidePaths);
      if (preview) {
        await forgetPreviews();
        if (at === null || (await placeKind(await pathWithin(workspace, at))) !== undefined)
          throw new Refusal(409, "a preview needs a new folder.");
      }
      const id = randomUUID();
      const times = { created: Date.now(), started: null, ended: null };
      const one: Job = {
        ...{
          id,
          kind,
          at,
          request: { ...request },
          preview,
          state: "waiting",
          progress: null,
          result: null,
          error: null,
        },
        ...times,
      };
      for (const old of jobs.filter(isEnded).slice(MOST_ENDED - 1)) await forget(old);
      jobs = [one, ...jobs];
      events.send({ type: "job", job: one });
      await save();
      next();
      return find(id);
    },
    async act(id, action) {
      const { state } = find(id);
      const wrong = (): never => {
        throw new Refusal(409, `a job that is ${state} cannot be asked to ${action}.`);
      };
      if (action === "pause") {
        if (state === "running") {
          change(id, { state: "pausing" });
          running.get(id)?.controller.abort();
        } else if (state === "waiting") change(id, { state: "paused" });
        else wrong();
      } else if (action === "continue") {
        if (state !== "paused" && state !== "failed") wrong();
        change(id, { state: "waiting", error: null });
      } else {
        const one = find(id);
        if (!isEnded(one) || running.has(id)) wrong();
        await forget(one);
      }
      await save();
      next();
    },
    async close() {
      closing = true;
      for (const { controller } of running.values()) controller.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
      await forgetPreviews();
      await save().catch(() => undefined);
      await release();
    },
  };
}

/** As it is kept: how far it was says nothing later. */
const kept = (one: Job): Job => ({ ...one, progress: null });

/** Reports as they are shown, at most one in PROGRESS_MS; the last before a silence is not lost. */
function progressOf(show: (progress: NonNullable<Job["progress"]>) => void) {
  const pace = paceOf();
  let latest: NonNullable<Job["progress"]> | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (latest === undefined) return;
    show(latest);
    latest = undefined;
    timer = setTimeout(flush, PROGRESS_MS);
  };
  return {
    update(progress: { phase: string; done: number; total: number; note?: string }): void {
      const { perSecond = null, secondsLeft = null } = pace(progress);
      const { phase, done, total, note = "" } = progress;
      latest = { phase, done, total, note, perSecond, secondsLeft };
      if (timer === undefined) flush();
    },
    end: () => clearTimeout(timer),
  };
}
