import { type FeatureBlocks, pyramidBlocks, storedBlocks } from "../cluster/featureBlocks.ts";
import type { LinearFeatures } from "../cluster/linearFeatures.ts";
import { type PyramidData, pyramidFeatures } from "../cluster/pyramid.ts";
import { storedFeatures } from "../cluster/storedPyramid.ts";
import type { Blas } from "../runtime/blas.ts";
import { type FeatureFiles, HalfFiles } from "./featureFile.ts";

/** The features of a run, in memory or on disk: plain data that another thread can open. */
export type FeatureSource = PyramidData | FeatureFiles;

export interface OpenedFeatures {
  readonly features: LinearFeatures;
  /** Their numbers, for another processor. */
  readonly blocks: FeatureBlocks;
  close(): Promise<void>;
}

export const onDisk = (source: FeatureSource): source is FeatureFiles => "folder" in source;

export function openFeatures(source: FeatureSource, blas: Blas): OpenedFeatures {
  if (!onDisk(source))
    return { features: pyramidFeatures(source, blas), blocks: pyramidBlocks(source), close: async () => undefined };
  const files = new HalfFiles(source);
  // Whoever reads blocks is at another place than the features: each reads ahead.
  const others = new HalfFiles(source);
  return {
    features: storedFeatures(source, files, blas),
    blocks: storedBlocks(source, others),
    async close() {
      await files.close();
      await others.close();
    },
  };
}
