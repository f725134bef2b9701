import type { AnyTensor } from "../tensor/tensor.ts";
import { OneLineError } from "../text/oneLineError.ts";

/** Thrown for every file that is not a readable checkpoint; the message says what was expected, what came, what to do. */
export class CheckpointError extends OneLineError {
  override readonly name = "CheckpointError";
}

/** A tensor that is decoded only when asked for: `read()` checks bounds, honours strides and copies. */
export interface LazyTensor {
  readonly dtype: AnyTensor["dtype"];
  readonly shape: readonly number[];
  /** Row-major copy. float16 and bfloat16 are widened to float32. */
  read(): AnyTensor;
}

/** A lazy tensor that also passes as a plain one. */
export interface CheckpointTensor extends LazyTensor {
  /** `read().data`: decoded again at each access, so keep what you need. */
  readonly data: AnyTensor["data"];
}

/** Weight name -> tensor, in the file's order. */
export type StateDict<T extends LazyTensor = LazyTensor> = ReadonlyMap<string, T>;

/** Plain data from a checkpoint: hyper-parameters and the like. */
export type ConfigValue = null | boolean | number | bigint | string | readonly ConfigValue[] | ConfigObject;
export interface ConfigObject {
  readonly [key: string]: ConfigValue;
}

/** A checkpoint as data. Nothing in it was executed. */
export interface Checkpoint<T extends LazyTensor = LazyTensor> {
  /** e.g. "nvidia-pytorch-pickle", "nvidia-tf-pickle", "torch-zip", "torch-legacy", "pickle" (a plain one, of state dicts), "safetensors". */
  readonly format: string;
  /** Network name as the file says ("G_ema", "Gs", "generator_smooth", "g_ema", ...) -> its weights. */
  readonly networks: ReadonlyMap<string, StateDict<T>>;
  /** The same names -> what the file says beside weights (class name, attributes of modules, static_kwargs). */
  readonly config: Readonly<Record<string, ConfigObject>>;
}
