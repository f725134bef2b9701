import type { DatasetInfo, Sample } from "../../dataset/format.ts";

/** Samples of a folder, one after another. */
export interface SampleSource {
  readonly info: DatasetInfo;
  samples(): AsyncGenerator<Sample>;
  /** Where a sample's image or mask lies as it is; undefined where it was made on reading. */
  path(sample: Sample, part: "image" | "mask"): string | undefined;
}
