/** The worker thread that draws pictures of any seed with their masks: it holds one project's generator open. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { encodePng } from "../../dataset/png.ts";
import { type PixelClassifier, pixelClassifier } from "../../features/pixelClassifier.ts";
import type { GenerateResult } from "../../gan/generator.ts";
import { loadTree, openProject, type Project } from "../../project/cluster/project.ts";
import { generateOptions, layersOf } from "../../project/cluster/request.ts";
import { type Corrector, openCorrector, pictureMaps } from "../../project/labels/corrector.ts";
import { loadRecipe } from "../../project/labels/recipeFile.ts";
import { labeller } from "../../project/labels/recipeLabels.ts";
import { type OpenedNetwork, storedNetwork } from "../../project/network/network.ts";
import { openSameNetwork } from "../../project/network/sameNetwork.ts";
import { toRgb } from "../../project/sampling/images.ts";
import { encodeImage } from "../../project/sampling/sampler.ts";
import { ProjectError } from "../../project/storage/files.ts";
import { serve } from "../../runtime/node/threads.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import { stampOf } from "../places/stamp.ts";
import type { PictureCalls } from "./pictures.ts";

interface Opened {
  readonly folder: string;
  /** Of the tree, which another run may replace. */
  readonly stamp: string;
  readonly project: Project;
  readonly tree: MergeTree;
  readonly network: OpenedNetwork;
  /** Of the last seeds. */
  readonly made: Map<number, GenerateResult>;
  /** By K, and strokes. */
  readonly classifiers: Map<string, PixelClassifier>;
  /** Trains classifiers again after strokes. */
  readonly corrector: Corrector;
}

/** Pictures with their inner maps, which take megabytes each, and classifiers, that are kept. */
const MOST_MADE = 4;
const MOST_CLASSIFIERS = 8;
const threads = availableParallelism();
let opened: Opened | undefined;

async function close(): Promise<void> {
  for (const classifier of opened?.classifiers.values() ?? []) await classifier.dispose();
  await opened?.network.generator.dispose();
  opened = undefined;
}

async function open(folder: string): Promise<Opened> {
  const stamp = await stampOf(join(folder, "tree.safetensors"));
  if (opened?.folder === folder && opened.stamp === stamp) return opened;
  await close();
  const project = await openProject(folder);
  const tree = await loadTree(project);
  if (tree === undefined) throw new ProjectError(`${folder} is not clustered yet.`);
  const { network: stored, networkSha256: sha256, latent } = project.file.settings;
  const network = await openSameNetwork(
    await storedNetwork(null, stored, sha256),
    { sha256, of: "the project" },
    { runtime: ortNode, provider: "auto", threads, latent },
  );
  const { generator } = network;
  const corrector = openCorrector(project, tree, {
    ...{ network: null, provider: "auto", threads },
    maps: (seed) => pictureMaps(project, generator, seed),
  });
  opened = { folder, stamp, project, tree, network, made: new Map(), classifiers: new Map(), corrector };
  return opened;
}

/** What is asked for again moves to the end; the first goes when there are too many. */
async function keep<K, V>(
  kept: Map<K, V>,
  key: K,
  most: number,
  make: () => Promise<V>,
  drop: (value: V) => Promise<void>,
): Promise<V> {
  const found = kept.get(key) ?? (await make());
  kept.delete(key);
  kept.set(key, found);
  for (const [first, value] of kept)
    if (kept.size > most) {
      kept.delete(first);
      await drop(value);
    }
  return found;
}

function generated({ project, network: { generator }, made }: Opened, seed: number): Promise<GenerateResult> {
  const { settings } = project.file;
  const layers = layersOf(settings, generator.info).map(({ name }) => name);
  const make = (): Promise<GenerateResult> =>
    generator.generate({ ...generateOptions(settings, generator.info), seeds: [seed], layers });
  return keep(made, seed, MOST_MADE, make, async () => undefined);
}

serve<PictureCalls>(
  {
    async picture(folder, seed) {
      const at = await open(folder);
      const { info } = at.network.generator;
      const [rgb] = toRgb((await generated(at, seed)).image, info.imageRange);
      const side = info.resolution;
      return new Uint8Array(await encodeImage(rgb, side, { format: "png", quality: 100, resolution: side }));
    },
    async mask(folder, seed, k) {
      const at = await open(folder);
      const { project, tree, network, classifiers, corrector } = at;
      const { info } = network.generator;
      const side = info.resolution;
      const recipe = k === null ? await loadRecipe(project, tree) : undefined;
      if (k === null && recipe === undefined) throw new ProjectError("this project has no labels yet: ask for a K.");
      const cut = k ?? recipe!.state.k;
      const settings = { runtime: ortNode, provider: network.provider, threads, imageResolution: side };
      const layers = layersOf(project.file.settings, info);
      const strokes = recipe?.state.strokes ?? [];
      const make = async (): Promise<PixelClassifier> => {
        const of = recipe === undefined ? tree.classifierAt(cut) : await corrector.classifier(recipe.state);
        return pixelClassifier(of, layers, side, settings);
      };
      const key = JSON.stringify([cut, strokes]);
      const classifier = await keep(classifiers, key, MOST_CLASSIFIERS, make, (one) => one.dispose());
      const { clusters } = await classifier.classify((await generated(at, seed)).features);
      const data = Uint8Array.from(clusters);
      return encodePng(
        recipe === undefined ? { width: side, height: side, data } : labeller(recipe.state).label(data, side, side),
      );
    },
    close,
  },
  { oneByOne: true },
);
