import { resolveProvider } from "../../../runtime/node/providers.ts";
import type { Provider } from "../../../runtime/session.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import type { GanRecipe } from "../../../train/gan/recipe.ts";
import type { GanTrainer } from "../../../train/gan/trainer.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { threadsOf } from "../threads.ts";
import type { TrainGanRequest } from "./options.ts";

/** Makes what trains: `ganTrainer`, or what a test has in its place. */
export type MakeTrainer = (
  recipe: GanRecipe,
  options: { readonly provider: Provider; readonly threads: number; readonly state?: TrainingState },
) => Promise<GanTrainer>;

export interface TrainGanParts {
  readonly makeTrainer: MakeTrainer;
  /** Milliseconds from any start. */
  readonly now: () => number;
}

/** Compiles the networks: seconds. */
export async function startTrainer(
  recipe: GanRecipe,
  state: TrainingState | undefined,
  request: Pick<TrainGanRequest, "provider" | "threads">,
  { onProgress }: JobOptions,
  makeTrainer: MakeTrainer,
): Promise<GanTrainer> {
  const resolved = await resolveProvider(request.provider);
  onProgress?.({ phase: "build the networks", done: 0, total: 1 });
  const trainer = await makeTrainer(recipe, {
    provider: resolved,
    threads: threadsOf(request),
    ...(state === undefined ? {} : { state }),
  });
  onProgress?.({ phase: "build the networks", done: 1, total: 1, note: `${recipe.resolution} px on ${resolved}` });
  return trainer;
}
