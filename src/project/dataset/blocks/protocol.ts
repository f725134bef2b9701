import type { LayerClassifier, SamplerSource } from "../../sampling/sampler.ts";
import type { Critic } from "../clean/critic.ts";
import type { DatasetSettings } from "../settings.ts";

/** What makes blocks of a dataset. */
export interface DatasetWorkerStart {
  readonly folder: string;
  readonly settings: DatasetSettings;
  readonly source: SamplerSource;
  /** Of each label set, then of the other clusterings that are asked. */
  readonly classifiers: readonly LayerClassifier[];
  /** Where implausible images are left out. */
  readonly critic?: Critic;
}

/** A block of consecutive seeds; samples before `first` and from `end` on are not kept. */
export interface Block {
  readonly index: number;
  readonly seeds: readonly number[];
  readonly first: number;
  readonly end: number;
}

/** A block whose files are written, with its lines of the manifest. */
export interface MadeBlock {
  readonly lines: string;
  readonly samples: number;
  /** Of its files. */
  readonly bytes: number;
}

export type BlockMaker = (block: Block) => Promise<MadeBlock>;

/** A maker that owns a generator, in this thread or another. */
export interface OpenBlockMaker {
  readonly make: BlockMaker;
  dispose(): Promise<void>;
}
