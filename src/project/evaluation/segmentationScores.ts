import type { ImageContingency } from "../../metrics/contingency.ts";
import { mappedMeanIou, withoutClass } from "../../metrics/mappedMeanIou.ts";
import { meanIou } from "../../metrics/matchedMeanIou.ts";

/** Means over images of a model's IoUs. NaN where there is nothing to take the mean of. */
export interface SegmentationScores {
  /** Over all classes, all pixels. */
  readonly mean: number;
  /** Likewise, the background's own IoU left out of the mean. */
  readonly foreground: number;
  /** As the authors' code has it: pixels whose truth is background count for nothing, and the background has no IoU. */
  readonly papers: number;
  /** Share of all judged pixels that are right. */
  readonly accuracy: number;
  readonly perClass: Float64Array;
  readonly papersPerClass: Float64Array;
}

export interface JudgedModel {
  readonly name: string;
  readonly file: string;
  readonly scores: SegmentationScores;
  /** For each of the model's classes: its name and the class that it stands for, undefined for none. */
  readonly matches: readonly { readonly from: string; readonly to: string | undefined }[];
}

/** Scores of a table of the judged images; `classOf` as `mappedMeanIou` takes it. */
export function segmentationScores(
  table: ImageContingency,
  classOf: ArrayLike<number>,
  background: number | undefined,
): SegmentationScores {
  const { mean, perClass } = mappedMeanIou(table, classOf);
  const papers = background === undefined ? undefined : mappedMeanIou(withoutClass(table, background), classOf);
  let right = 0;
  let pixels = 0;
  for (const [at, n] of table.counts.entries()) {
    pixels += n;
    const g = Math.floor(at / table.clusters) % table.classes;
    if (classOf[at % table.clusters] === g) right += n;
  }
  return {
    mean,
    foreground: background === undefined ? Number.NaN : meanIou(perClass, background),
    papers: papers?.mean ?? Number.NaN,
    accuracy: right / pixels,
    perClass,
    papersPerClass: papers?.perClass ?? new Float64Array(perClass.length).fill(Number.NaN),
  };
}
