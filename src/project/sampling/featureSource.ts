import type { Blas } from "../../numeric/blas.ts";
import { type FeatureBlocks, pyramidBlocks, storedBlocks } from "../../pixels/device/featureBlocks.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { pyramidFeatures } from "../../pixels/pyramid/pyramid.ts";
import type { PyramidData } from "../../pixels/pyramid/pyramidData.ts";
import { storedFeatures } from "../../pixels/pyramid/storedPyramid.ts";
import { type FeatureFiles, HalfFiles } from "./featureFile.ts";

/** The features of a run, in memory or on disk: plain data that another thread can open. */
export type FeatureSource = PyramidData | FeatureFiles;

export interface OpenedFeatures {
  readonly features: Pixels;
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
