/** What a segmenter's run would be and cost, found out without writing anything. */
import type { JobOptions } from "../../../tensor/progress.ts";
import { planesOf, stacked } from "../../../train/examples.ts";
import { listImages } from "../../storage/imageFiles.ts";
import { costOfLabelled, type LabelledCost } from "../labelled/cost.ts";
import { planLabelled } from "../labelled/run.ts";
import type { TrainSegmenterRequest } from "./options.ts";
import { type SegmenterSettings, segmenting } from "./settings.ts";
import { startSegmenter } from "./startTrainer.ts";

export interface SegmenterCost extends LabelledCost<SegmenterSettings> {
  /** With the photos without labels. */
  readonly pictures: LabelledCost<SegmenterSettings>["pictures"] & { readonly unlabelled: number };
}

/** Validations in a run, and pictures of each at most. */
const VALIDATIONS = 20;
const MOST_JUDGED = 500;

/** Tries some of the pictures, builds the network and times some steps. Nothing is written. */
export async function planSegmenterCost(
  request: TrainSegmenterRequest,
  job: JobOptions,
  now: () => number,
): Promise<SegmenterCost> {
  const planned = await planLabelled(segmenting, request);
  const { recipe, classes, data } = planned.settings;
  const unlabelled = data.unlabelled === null ? 0 : (await listImages(data.unlabelled)).files.length;
  const cost = await costOfLabelled(
    segmenting,
    planned,
    {
      unlabelled,
      start: () =>
        startSegmenter(
          planned.settings,
          classes.map(() => 1),
          undefined,
          request,
          job,
        ),
      step: (trainer, some) =>
        trainer.step({ examples: some(recipe.batch), photos: some(recipe.selfTraining?.batch ?? 0), share: 0.5 }),
      async judging(trainer, some, { judged, share }) {
        const examples = some(Math.min(4, recipe.batch));
        const pictures = stacked(
          examples.map(({ rgb }) => planesOf(rgb, recipe.resolution)),
          recipe.resolution,
        );
        await trainer.logits(pictures);
        const began = now();
        await trainer.logits(pictures);
        const seconds = (now() - began) / 1000 / examples.length;
        return VALIDATIONS * share * Math.min(MOST_JUDGED, judged) * seconds;
      },
    },
    job,
    now,
  );
  return { ...cost, pictures: { ...cost.pictures, unlabelled } };
}
