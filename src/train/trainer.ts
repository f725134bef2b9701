/** What trains a network, as those who drive it see it: the run on the disk, a benchmark, a test. */
import type { Tensor } from "../tensor/tensor.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Everything that training needs to continue to the same numbers: tensors for one file, and JSON beside them. */
export interface TrainingState {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly scalars: JsonObject;
}

/** Learns step by step. Equal recipes, states and batches give equal numbers on the same machine and provider. */
export interface Trainer<Batch, Report> {
  /** Examples shown so far. */
  readonly images: number;
  /**
   * One update. Rejects with RangeError for a batch of another shape, and with TrainingError when a loss is no longer
   * finite: the state is useless from then on, those saved before are not.
   */
  step(batch: Batch): Promise<Report>;
  /** A copy of everything needed to continue to the same numbers. */
  state(): TrainingState;
  dispose(): Promise<void>;
}

/** Thrown when training cannot go on: a loss or weight is infinite or not a number. */
export class TrainingError extends Error {
  override readonly name = "TrainingError";
}
