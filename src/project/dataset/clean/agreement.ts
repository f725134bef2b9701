/**
 * Which pixels several clusterings of one generator agree on. Clusters of other runs (K-means began from another seed) are matched to the
 * classes of the labels by overlap; where one of them says another class, nobody can be sure.
 */
import { createHash } from "node:crypto";
import { modelBytes, type PixelModel } from "../../../models/pixelModel.ts";
import type { LinearClassifier } from "../../../pixels/linearClassifier.ts";
import { predict } from "../../../pixels/predict.ts";
import type { CorrectorOptions } from "../../labels/corrector.ts";
import { classByOverlap } from "../../labels/overlap.ts";
import { openParts } from "../../labels/parts.ts";
import type { LabelState } from "../../labels/recipe.ts";
import { checkCut } from "../../labels/recipeFile.ts";
import { openEditCache } from "../../sampling/editCache.ts";
import type { LayerClassifier } from "../../sampling/sampler.ts";
import { ProjectError } from "../../storage/files.ts";
import type { LabelSet } from "../labelSets.ts";
import type { Agreement, DatasetSettings } from "../settings.ts";

/** Clusters of which no half is in one class stand for none. */
const LEAST_SHARE = 0.5;
const IGNORED = -2;

/** Another clustering, opened. */
export interface OpenAgreement {
  readonly settings: Agreement;
  readonly classifier: LayerClassifier;
}

/** The clusterings of other projects at the K of the labels. Throws ProjectError where they are not of the same generator and layers. */
export async function openAgreements(
  folders: readonly string[],
  { parts, settings: { labels }, classifier: own }: LabelSet,
  options: CorrectorOptions,
): Promise<OpenAgreement[]> {
  if (folders.length === 0) return [];
  const { merged } = parts;
  if (merged === undefined)
    throw new ProjectError(
      `--agree-with compares clusters: ${parts.folder} is an extractor that was taught its classes.`,
    );
  const { features } = await openEditCache(merged.project, merged.tree, options);
  const here = await predict(features, own.classifier as LinearClassifier);
  const classOf = classesOf(labels);
  // Classes from 1 on, what is ignored 0.
  const said = Uint16Array.from(here, (cluster) => (classOf[cluster] === IGNORED ? 0 : classOf[cluster] + 1));
  const found: OpenAgreement[] = [];
  for (const folder of folders) {
    const other = await openParts(folder);
    const { layers, networkSha256 } = other.sampledAs;
    if (other.merged === undefined) throw new ProjectError(`--agree-with: ${folder} is not a clustered project.`);
    if (networkSha256 !== parts.sampledAs.networkSha256 || layers.join() !== parts.sampledAs.layers.join())
      throw new ProjectError(
        `--agree-with: ${folder} is of another generator or other layers than ${parts.folder}; cluster the same again with another --seed.`,
      );
    const { tree } = other.merged;
    checkCut(tree, labels.k);
    const classifier = tree.classifierAt(labels.k);
    const there = await predict(features, classifier);
    const classes = classByOverlap(there, labels.k, said, labels.classes.length + 1, LEAST_SHARE).map((c) =>
      c === 0 ? IGNORED : c < 0 ? -1 : c - 1,
    );
    found.push({
      settings: { layers: [...layers], classifierSha256: hashOf(classifier), classes },
      classifier: { layers, classifier },
    });
  }
  return found;
}

/** The clusterings of a data set, opened again from where they are. Throws ProjectError where one has changed. */
export async function reopenAgreements(
  { agreement = [], labelSets }: DatasetSettings,
  folders: readonly string[],
): Promise<LayerClassifier[]> {
  const found: LayerClassifier[] = [];
  for (const [i, { layers, classifierSha256 }] of agreement.entries()) {
    const folder = folders[i];
    const cuts = folder === undefined ? undefined : (await openParts(folder)).cuts;
    const { k } = labelSets[0].labels;
    const classifier = cuts?.steps.some((step) => step.k === k) === true ? cuts.classifierAt(k) : undefined;
    if (classifier === undefined || hashOf(classifier) !== classifierSha256)
      throw new ProjectError(
        `${folder ?? "one of the clusterings"} is not the one that this dataset was compared with. Restore it, or verify with --remake 0.`,
      );
    found.push({ layers, classifier });
  }
  return found;
}

function hashOf(classifier: PixelModel): string {
  const hash = createHash("sha256");
  for (const bytes of modelBytes(classifier)) hash.update(bytes);
  return hash.digest("hex");
}

/** The class of each cluster, by its place in the list; -2 for what is ignored. */
export function classesOf({ k, classes }: LabelState): Int16Array {
  const classOf = new Int16Array(k).fill(IGNORED);
  for (const [i, { clusters }] of classes.entries()) for (const cluster of clusters) classOf[cluster] = i;
  return classOf;
}

/** Whether all clusterings say of a pixel what the labels say; pixels that the labels ignore are not asked for. */
export function agreeing(
  own: { readonly clusters: ArrayLike<number>; readonly classOf: ArrayLike<number> },
  others: readonly { readonly clusters: ArrayLike<number>; readonly classes: ArrayLike<number> }[],
): (pixel: number) => boolean {
  return (p) => {
    const meant = own.classOf[own.clusters[p]];
    return meant === IGNORED || others.every(({ clusters, classes }) => classes[clusters[p]] === meant);
  };
}
