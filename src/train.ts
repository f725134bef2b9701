/** `klish/train`: training steps as graphs, and the trainers of GANs and segmenters. No Node, no browser. */

export type { Example } from "./train/examples.ts";
export { type GanTrainerOptions, ganTrainer } from "./train/gan/ganTrainer.ts";
export { type AugmentKind, type AugmentRecipe, augmentKinds, type GanRecipe, ganRecipe } from "./train/gan/recipe.ts";
export type { GanTrainer, StepReport } from "./train/gan/trainer.ts";
export type { SegmenterRecipe, SelfTrainingRecipe } from "./train/segmenter/recipe.ts";
export {
  type SegmenterBatch,
  type SegmenterReport,
  type SegmenterTrainer,
  type SegmenterTrainerOptions,
  segmenterTrainer,
} from "./train/segmenter/segmenterTrainer.ts";
export { type Trainer, TrainingError, type TrainingState } from "./train/trainer.ts";
export { type TrainStep, type TrainStepOptions, trainStep, type Variables, variables } from "./train/trainStep.ts";
