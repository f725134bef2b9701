import sharp from "sharp";
import { resolveProvider } from "../../../runtime/node/providers.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { type SegmenterTrainer, segmenterTrainer } from "../../../train/segmenter/segmenterTrainer.ts";
import { balancedWeights } from "../../../train/targets.ts";
import type { TrainingState } from "../../../train/trainer.ts";
import { threadsOf } from "../threads.ts";
import type { TrainSegmenterRequest } from "./options.ts";
import type { SegmenterSettings } from "./settings.ts";

/** Compiles the network: seconds. `pixels`: of each class in the pictures to learn from. */
export async function startSegmenter(
  { recipe, classes, classWeights }: SegmenterSettings,
  pixels: readonly number[],
  state: TrainingState | undefined,
  request: Pick<TrainSegmenterRequest, "provider" | "threads">,
  { onProgress }: JobOptions,
): Promise<SegmenterTrainer> {
  const provider = await resolveProvider(request.provider);
  onProgress?.({ phase: "build the network", done: 0, total: 1 });
  const trainer = await segmenterTrainer(recipe, {
    classes,
    classWeights: classWeights === "balanced" ? balancedWeights(pixels) : classes.map(() => 1),
    jpeg,
    runtime: ortNode,
    provider,
    threads: threadsOf(request),
    ...(state === undefined ? {} : { state }),
  });
  onProgress?.({ phase: "build the network", done: 1, total: 1, note: `${recipe.resolution} px on ${provider}` });
  return trainer;
}

/** RGB bytes [S,S,3] after a JPEG of this quality. */
async function jpeg(rgb: Uint8Array, side: number, quality: number): Promise<Uint8Array> {
  const file = await sharp(rgb, { raw: { width: side, height: side, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
  return sharp(file).toColourspace("srgb").raw().toBuffer();
}
