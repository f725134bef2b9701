/** What a painter's run would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { costOfLabelled, type LabelledCost } from "../labelled/cost.ts";
import { planLabelled } from "../labelled/run.ts";
import type { TrainPainterRequest } from "./options.ts";
import { type PainterSettings, painting } from "./settings.ts";
import { startPainter } from "./startTrainer.ts";

export type PainterCost = LabelledCost<PainterSettings>;

/** Tries some of the pictures, builds the networks and times some steps. Nothing is written. */
export async function planPainterCost(
  request: TrainPainterRequest,
  job: JobOptions,
  now: () => number,
): Promise<PainterCost> {
  const planned = await planLabelled(painting, request);
  const { settings } = planned;
  return costOfLabelled(
    painting,
    planned,
    {
      start: () => startPainter(settings, undefined, request, job),
      step: (trainer, some) => trainer.step(some(settings.recipe.batch)),
    },
    job,
    now,
  );
}
