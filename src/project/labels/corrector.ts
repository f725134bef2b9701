/**
 * KLiSH with a few strokes: the classifiers of a cut after a person has painted some pixels of some pictures. All pictures follow, since
 * the SVMs themselves are trained again. The strokes stand in the labels (`labelStroke`), so they are undone and redone like any edit, and
 * the same labels give the same classifiers.
 */
import { createHash } from "node:crypto";
import { readSafetensors, writeSafetensors } from "../../checkpoint/safetensors.ts";
import { correctedSvms } from "../../cluster/svm/correctedSvms.ts";
import { hierarchyOf } from "../../cluster/tree/hierarchy.ts";
import { clusterNamesAt, type MergeTree } from "../../cluster/tree/mergeTree.ts";
import { sampleFeatures } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import type { PixelModel } from "../../models/pixelModel.ts";
import { denseFeatures } from "../../pixels/denseFeatures.ts";
import type { LinearClassifier } from "../../pixels/linearClassifier.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { featurePyramid } from "../../pixels/pyramid/featurePyramid.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { type Project, pathIn, treeHash } from "../cluster/project.ts";
import { featureOptions } from "../cluster/request.ts";
import { type EditCache, type EditCacheOptions, openEditCache } from "../sampling/editCache.ts";
import { openProjectNetwork } from "../sampling/projectFeatures.ts";
import { ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";
import type { Parts } from "./parts.ts";
import type { LabelState } from "./recipe.ts";
import { rowSolvers } from "./rowSolvers.ts";
import { type StrokedPixel, strokedPixels } from "./strokes.ts";

/** Where the generator is and runs, should it be needed; and where maps come from. */
export interface CorrectorOptions extends EditCacheOptions {
  /**
   * The layers' maps of a seed's image, [1,C,h,h] each, h at most the clustering resolution, where the caller has a generator open. Else
   * one is opened.
   */
  readonly maps?: (seed: number) => Promise<readonly Tensor[]>;
}

/** Holds what corrections need, so that the next one costs no more than its training. */
export interface Corrector {
  /**
   * The classifiers of the labels' K after their strokes. What it costs, beside the first call (which samples the generator once for a
   * project: as the first `klish edit`): maps of each seed that was not painted before, and the training, a few hundred milliseconds of
   * one core. Labels that were asked for before are read from the project's folder. Throws ProjectError where the labels do not fit.
   */
  classifier(state: LabelState): Promise<LinearClassifier>;
}

/** Pixels of the sample that training takes: an SVM of so many is trained in a moment. */
const SAMPLE = 8192;
/** Threads beside this one that train: there are a few classes, and this thread hands them out. */
const MOST_SOLVERS = 3;

/** Pixels that training takes, and their labels at the tree's start. */
interface Sample {
  readonly features: Pixels;
  readonly labels: Uint16Array;
}

/** Every n-th of the pixels that edits are trained on. One thread computes on them: classes are shared among threads instead. */
async function sampleOf({ features, labels }: EditCache): Promise<Sample> {
  const step = Math.ceil(features.pixels / SAMPLE);
  const index = Int32Array.from({ length: Math.ceil(features.pixels / step) }, (_, i) => i * step);
  const rows = tensor([index.length, features.channels], await features.rows(index));
  return {
    features: denseFeatures(rows, { blas: ortBlas({ threads: 1 }) }),
    labels: Uint16Array.from(index, (i) => labels[i]),
  };
}

/** A corrector of a finished project. Nothing is loaded before the first strokes. */
export function openCorrector(project: Project, tree: MergeTree, options: CorrectorOptions): Corrector {
  const { settings } = project.file;
  const hierarchy = hierarchyOf(tree.initialClusters, tree.steps);
  let sample: Promise<Sample> | undefined;
  let hash: Promise<string> | undefined;
  const painted = new Map<number, Pixels>();
  const sampled = options.maps ?? ((seed: number) => generatedMaps(project, seed, options));

  async function rowsOf(pixels: readonly StrokedPixel[], channels: number): Promise<Tensor> {
    const rows = tensor([pixels.length, channels]);
    let at = 0;
    for (const seed of new Set(pixels.map((p) => p.seed))) {
      const features = painted.get(seed) ?? featurePyramid(await sampled(seed), { resolution: settings.resolution });
      painted.set(seed, features);
      const index = Int32Array.from(pixels.filter((p) => p.seed === seed).map((p) => p.pixel));
      await features.rows(index, rows.data.subarray(at, at + index.length * channels));
      at += index.length * channels;
    }
    return rows;
  }

  async function corrected({ k }: LabelState, pixels: readonly StrokedPixel[]): Promise<LinearClassifier> {
    const base = tree.classifierAt(k);
    const rows = await rowsOf(pixels, base.channels);
    sample ??= openEditCache(project, tree, options).then(sampleOf);
    const { features, labels } = await sample;
    const names = clusterNamesAt(tree, k);
    const owners = hierarchy.ownersAt(k);
    const alive = [...hierarchy.aliveAt(k)];
    const every = Array.from(alive, (_, c) => c);
    const rowOf = (n: number): Float32Array => rows.data.subarray(n * base.channels, (n + 1) * base.channels);
    const heard = pixels.flatMap((pixel, n) => {
      const { spared = [] } = pixel;
      if (spared.length > 0 && indices(spared, owners, alive).includes(bestOf(base, rowOf(n), every))) return [];
      return [{ n, cluster: bestOf(base, rowOf(n), indices(pixel.clusters, owners, alive)) }];
    });
    const said = tensor([heard.length, base.channels]);
    for (const [i, { n }] of heard.entries()) said.data.set(rowOf(n), i * base.channels);
    return correctedSvms(
      features,
      labels.map((label) => names[label]),
      base,
      { rows: said, clusters: heard.map(({ cluster }) => cluster) },
      { tolerance: settings.tolerance, solvers: rowSolvers(Math.min(options.threads - 1, MOST_SOLVERS)) },
    );
  }

  return {
    async classifier(state) {
      const pixels = strokedPixels(state.strokes ?? [], settings.resolution);
      if (pixels.length === 0) return tree.classifierAt(state.k);
      hash ??= treeHash(project);
      const key = createHash("sha256")
        .update(JSON.stringify({ tree: await hash, k: state.k, pixels }))
        .digest("hex");
      const path = pathIn(project, "labels", `strokes-${key.slice(0, 16)}.safetensors`);
      const known = await readClassifier(path, key);
      if (known !== undefined) return known;
      const found = await corrected(state, pixels);
      await writeAtomic(path, encodeClassifier(found, key));
      return found;
    },
  };
}

/** What classifies pixels as labels say: the cut's classifiers, or those that follow its strokes. */
export async function labelledClassifier(
  { folder, cuts, merged }: Parts,
  state: LabelState,
  options: CorrectorOptions,
): Promise<PixelModel> {
  if (cuts === undefined) throw new ProjectError(`${folder} is not clustered yet.`);
  if (state.strokes === undefined) return cuts.classifierAt(state.k);
  if (merged === undefined)
    throw new ProjectError(
      `${folder} learned from masks, not from strokes: undo them, paint what is wrong into the masks, and train the extractor again.`,
    );
  return openCorrector(merged.project, merged.tree, options).classifier(state);
}

/** The indices at the present K of clusters by their ids. */
function indices(clusters: readonly number[], owners: ArrayLike<number>, alive: readonly number[]): number[] {
  const beyond = clusters.find((id) => id >= owners.length);
  if (beyond !== undefined)
    throw new ProjectError(`a stroke belongs to #${beyond}, but the tree has #0 to #${owners.length - 1}.`);
  return [...new Set(clusters.map((id) => alive.indexOf(owners[id])))];
}

/** The cluster among `some` that has the best score. */
function bestOf({ channels, weight, bias }: LinearClassifier, row: Float32Array, some: readonly number[]): number {
  const score = (c: number): number => {
    let sum = bias[c];
    for (let d = 0; d < channels; d++) sum += row[d] * weight[c * channels + d];
    return sum;
  };
  const scores = some.map(score);
  return some[scores.indexOf(Math.max(...scores))];
}

/** A picture's maps by an open generator, alone in its batch: rounding can depend on what is generated beside it. */
async function pictureMaps(
  settings: Parameters<typeof featureOptions>[0],
  generator: Generator,
  seed: number,
): Promise<readonly Tensor[]> {
  return (await sampleFeatures(generator, [seed], featureOptions(settings, generator.info))).layers;
}

async function generatedMaps(project: Project, seed: number, options: EditCacheOptions): Promise<readonly Tensor[]> {
  const { generator } = await openProjectNetwork(project, options);
  try {
    return await pictureMaps(project.file.settings, generator, seed);
  } finally {
    await generator.dispose();
  }
}

const encodeClassifier = ({ k, channels, weight, bias }: LinearClassifier, key: string): Uint8Array =>
  writeSafetensors(
    new Map([
      ["weight", tensor([k, channels], weight)],
      ["bias", tensor([k], bias)],
    ]),
    { strokes: key },
  );

/** Undefined where it is not there, or damaged: it is trained again. */
async function readClassifier(path: string, key: string): Promise<LinearClassifier | undefined> {
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(bytes);
    if (metadata["strokes"] !== key) return undefined;
    const weight = (tensors.get("weight") as NonNullable<ReturnType<typeof tensors.get>>).read() as Tensor;
    const bias = (tensors.get("bias") as NonNullable<ReturnType<typeof tensors.get>>).read() as Tensor;
    const [k, channels] = weight.shape;
    return { k, channels, weight: weight.data, bias: bias.data };
  } catch {
    return undefined;
  }
}
