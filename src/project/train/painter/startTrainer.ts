import { resolveProvider } from "../../../runtime/node/providers.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type PainterTrainer, painterTrainer } from "../../../train/painter/painterTrainer.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { threadsOf } from "../threads.ts";
import type { TrainPainterRequest } from "./options.ts";
import type { PainterSettings } from "./settings.ts";
import { readVggFile } from "./vggFile.ts";

/** Compiles the networks: seconds. */
export async function startPainter(
  { recipe, classes, vgg }: PainterSettings,
  state: TrainingState | undefined,
  request: Pick<TrainPainterRequest, "provider" | "threads">,
  { onProgress }: JobOptions,
): Promise<PainterTrainer> {
  const provider = await resolveProvider(request.provider);
  onProgress?.({ phase: "build the networks", done: 0, total: 1 });
  const trainer = await painterTrainer(recipe, {
    classes,
    runtime: ortNode,
    provider,
    threads: threadsOf(request),
    ...(vgg === null ? {} : { vgg: (await readVggFile(vgg.file, vgg.sha256)).vgg }),
    ...(state === undefined ? {} : { state }),
  });
  onProgress?.({ phase: "build the networks", done: 1, total: 1, note: `${recipe.resolution} px on ${provider}` });
  return trainer;
}
