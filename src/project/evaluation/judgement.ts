/** From label maps and true ones to the scores of what made them. */
import { mergeSides } from "../../dataset/mergeSides.ts";
import type { ImageContingency } from "../../metrics/contingency.ts";
import { imagesOf, mappedMeanIou } from "../../metrics/mappedMeanIou.ts";
import { matchedMeanIou } from "../../metrics/matchedMeanIou.ts";
import { ProjectError } from "../storage/files.ts";
import { type JudgedModel, segmentationScores } from "./segmentationScores.ts";

/** What a model said of images whose truth is known. */
export interface JudgedImages {
  readonly name: string;
  readonly file: string;
  /** Undefined where it does not name them. */
  readonly classes: readonly { readonly name: string }[] | undefined;
  /** Of each image, [true classes, clusters]: pixels. */
  readonly tables: readonly Float64Array[];
  readonly clusters: number;
}

/** How the model's classes are matched to the true ones. */
export interface Matching {
  /** The first images decide, by Algorithm 2; 0: names do. */
  readonly matchImages: number;
  /** Whether left and right count as one, in names. */
  readonly mergeSides: boolean;
}

export interface Judgement {
  readonly model: JudgedModel;
  /** The true class of each of the model's; -1: none. */
  readonly classOf: ArrayLike<number>;
  /** Mean IoU of each image that is judged. */
  readonly perImage: Float64Array;
}

/** Throws ProjectError where names do not match. */
export function judgement(
  { name, file, classes: own, clusters, tables }: JudgedImages,
  { names, background }: { readonly names: readonly string[]; readonly background: number | undefined },
  matching: Matching,
): Judgement {
  const classes = names.length;
  const counts = new Float64Array(tables.length * classes * clusters);
  for (const [i, table] of tables.entries()) counts.set(table, i * classes * clusters);
  const all: ImageContingency = { images: tables.length, classes, clusters, counts };
  const { matchImages } = matching;
  const classOf =
    matchImages > 0 ? matchedMeanIou(imagesOf(all, 0, matchImages)).classOf : byName(file, own, names, matching);
  const judged = imagesOf(all, matchImages, all.images);
  const { perImage } = mappedMeanIou(judged, classOf);
  const used = Array.from({ length: clusters }, (_, c) => c).filter((c) =>
    counts.some((n, at) => n > 0 && at % clusters === c),
  );
  const matches = used.map((c) => ({ from: own?.[c]?.name ?? `class ${c}`, to: names[classOf[c]] }));
  return { model: { name, file, scores: segmentationScores(judged, classOf, background), matches }, classOf, perImage };
}

function byName(
  file: string,
  classes: JudgedImages["classes"],
  names: readonly string[],
  { mergeSides: merge }: Matching,
): Int32Array {
  if (classes === undefined)
    throw new ProjectError(`${file} does not name its classes: let --match-images decide what they stand for.`);
  const own = classes.map(({ name }) => name);
  const merged = merge ? mergeSides(own) : { names: own, idOf: Uint8Array.from(own, (_, id) => id) };
  const result = new Int32Array(classes.length).fill(-1);
  for (const [c, id] of merged.idOf.entries()) result[c] = names.indexOf(merged.names[id]);
  if (result.every((g) => g < 0))
    throw new ProjectError(
      `none of ${file}'s classes (${merged.names.join(", ")}) is one of the truth (${names.join(", ")}).`,
    );
  return result;
}
