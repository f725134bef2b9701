import type { LinearClassifier } from "../cluster/mergeTree.ts";
import type { SamplerSource } from "./datasetSampler.ts";
import type { DatasetSettings } from "./datasetSettings.ts";

/** What a dataset's worker is started with. */
export interface DatasetWorkerStart {
  readonly folder: string;
  readonly settings: DatasetSettings;
  readonly source: SamplerSource;
  readonly classifier: LinearClassifier;
}

/** A block of consecutive seeds; samples before `first` and from `end` on are not kept. */
export interface Block {
  readonly index: number;
  readonly seeds: readonly number[];
  readonly first: number;
  readonly end: number;
}

/** What it answers. */
export type BlockAnswer =
  | {
      readonly kind: "made";
      readonly index: number;
      readonly lines: string;
      readonly samples: number;
      readonly bytes: number;
    }
  | { readonly kind: "failed"; readonly name: string; readonly message: string; readonly stack: string };
