/** What a step spends its time on, by ONNX operator: ONNX Runtime's own profile, summed up. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { JobOptions } from "../../../tensor/progress.ts";
import { listFolder } from "../../storage/files.ts";
import type { TrainGanRequest } from "./options.ts";
import { planRun } from "./planRun.ts";
import { type MakeTrainer, startTrainer } from "./startTrainer.ts";
import { noiseImages } from "./timeStage.ts";

export interface StepProfile {
  readonly steps: number;
  /** Milliseconds of a step on average, the operators' and what is between them. */
  readonly milliseconds: number;
  /** The dearest first. */
  readonly operators: readonly OperatorCost[];
}

export interface OperatorCost {
  /** ONNX's name. */
  readonly operator: string;
  /** Of a step on average. */
  readonly calls: number;
  readonly milliseconds: number;
}

/** Steps in which every regulariser comes at least once, where that is not too long: profiles grow by megabytes a step. */
const MOST_STEPS = 16;

/** Trains the last stage for a cycle of the lazy regularisers, and throws the result away. `makeProfiled` writes profiles to a prefix. */
export async function profileSteps(
  request: TrainGanRequest,
  job: JobOptions,
  { makeProfiled, now }: { readonly makeProfiled: (prefix: string) => MakeTrainer; readonly now: () => number },
): Promise<StepProfile> {
  const { recipe } = (await planRun(request)).settings;
  const images = noiseImages(recipe);
  const folder = await mkdtemp(join(tmpdir(), "klish-profile-"));
  try {
    const trainer = await startTrainer(recipe, undefined, request, job, makeProfiled(join(folder, "ort")));
    const steps = Math.min(MOST_STEPS, Math.max(1, recipe.r1Interval, recipe.pathLengthInterval));
    const began = now();
    let seconds = 0;
    try {
      for (let i = 0; i < steps; i++) {
        job.signal?.throwIfAborted();
        job.onProgress?.({ phase: "time the operators", done: i, total: steps });
        await trainer.step(images);
      }
      seconds = (now() - began) / 1000;
      job.onProgress?.({ phase: "time the operators", done: steps, total: steps });
    } finally {
      // Profiles are complete when their sessions end.
      await trainer.dispose();
    }
    const profiles = await Promise.all(
      (await listFolder(folder)).map(async (name) => readFile(join(folder, name), "utf8")),
    );
    return { steps, milliseconds: (seconds * 1000) / steps, operators: operatorCosts(profiles, steps) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The events of ONNX Runtime's profiles that count: a kernel's, with its duration in microseconds. */
const kernelEvent = z.looseObject({
  cat: z.literal("Node"),
  name: z.string().endsWith("_kernel_time"),
  dur: z.number(),
  args: z.looseObject({ op_name: z.string() }),
});

/** Sums by operator over the profiles (JSON, Chrome's trace format), per step. */
export function operatorCosts(profiles: readonly string[], steps: number): OperatorCost[] {
  const sums = new Map<string, { calls: number; microseconds: number }>();
  for (const text of profiles)
    for (const event of JSON.parse(text) as unknown[]) {
      const { data } = kernelEvent.safeParse(event);
      if (data === undefined) continue;
      const operator = data.args.op_name;
      const { calls, microseconds } = sums.get(operator) ?? { calls: 0, microseconds: 0 };
      sums.set(operator, { calls: calls + 1, microseconds: microseconds + data.dur });
    }
  return [...sums]
    .map(([operator, s]) => ({ operator, calls: s.calls / steps, milliseconds: s.microseconds / 1000 / steps }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}
