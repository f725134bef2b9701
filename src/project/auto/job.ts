/** `klish auto`: from a folder of photos to the masks of their parts, without a label. */
import { join, resolve } from "node:path";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { writeAtomic } from "../storage/files.ts";
import { listImages } from "../storage/imageFiles.ts";
import { locked } from "../storage/lock.ts";
import { trainGanPlanJob } from "../train/gan/trainGanJob.ts";
import { generatorRequest, planGenerator } from "./generatorPlan.ts";
import { autoRequest } from "./options.ts";
import { autoPage } from "./page.ts";
import { type Stage, stages } from "./stages.ts";
import { openState, type StageResult, saveState } from "./state.ts";

export interface AutoSummary {
  readonly folder: string;
  readonly page: string;
  readonly masks: string;
  /** What each stage had to say, in their order. */
  readonly stages: readonly (StageResult & Pick<Stage, "name" | "title">)[];
}

/**
 * Runs the stages that are left, one after another; a page shows what there is so far. A stage that was interrupted continues: each is a
 * job that can. Rejects with ProjectError where the folder was started with other settings, and with the errors of the stages.
 */
export const autoJob = defineJob(autoRequest, async (asked, job): Promise<AutoSummary> => {
  const request = { ...asked, data: resolve(asked.data) };
  const folder = resolve(request.outdir);
  const page = join(folder, "index.html");
  // Before anything is written: a run should not start from what cannot be read.
  await listImages(request.data);
  return locked(folder, async () => {
    let state = await openState(folder, request);
    await saveState(folder, state);
    for (const [i, stage] of stages.entries()) {
      if (state.stages[stage.name] !== undefined) continue;
      job.signal?.throwIfAborted();
      const started = performance.now();
      const result = await stage.run({ request, folder }, numbered(i, job));
      const seconds = Math.round((performance.now() - started) / 1000);
      state = { ...state, stages: { ...state.stages, [stage.name]: { ...result, seconds } } };
      await saveState(folder, state);
      await writeAtomic(page, await autoPage(folder, state, stages));
    }
    const done = stages.map(({ name, title }) => ({ name, title, ...state.stages[name] }));
    return { folder, page, masks: join(folder, "masks"), stages: done };
  });
});

/** The stage's number before the name of what it does: "2/6 train". */
const numbered = (i: number, { onProgress, ...job }: JobOptions): JobOptions => ({
  ...job,
  onProgress: (progress) => onProgress?.({ ...progress, phase: `${i + 1}/${stages.length} ${progress.phase}` }),
});

export interface AutoPlan {
  readonly folder: string;
  readonly stages: readonly { readonly title: string; readonly hours: number; readonly about: string }[];
  /** What the generator's training would come to in its time. */
  readonly generator: { readonly resolution: number; readonly kimg: number; readonly memoryBytes: number };
  readonly photos: number;
  readonly warnings: readonly string[];
}

/** What `autoJob` would do, and what that would cost. Tries photos and steps of the training; writes nothing. */
export const autoPlanJob = defineJob(autoRequest, async (asked, job): Promise<AutoPlan> => {
  const request = { ...asked, data: resolve(asked.data) };
  const folder = resolve(request.outdir);
  const [photos, generator] = stages;
  const looked = await photos.run({ request, folder }, job);
  const plan = await planGenerator(
    generatorRequest(request, join(folder, "generator"), generator.hours(request)),
    (sized) => trainGanPlanJob(sized, job),
  );
  return {
    folder,
    photos: plan.pictures.files,
    stages: stages.map((stage) => ({ title: stage.title, hours: stage.hours(request), about: stage.about })),
    generator: {
      resolution: plan.settings.recipe.resolution,
      kimg: plan.kimgAtEnd,
      memoryBytes: plan.memoryBytes,
    },
    warnings: looked.warnings,
  };
});
