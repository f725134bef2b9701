/** The worker thread that draws pictures of any seed with their masks: it holds one project's generator open. */
import { availableParallelism } from "node:os";
import { encodePng } from "../../dataset/png.ts";
import { type PixelClassifier, pixelClassifier } from "../../features/pixelClassifier.ts";
import type { GenerateResult } from "../../gan/generator.ts";
import { generateOptions, layersOf } from "../../project/cluster/request.ts";
import { pictureMaps } from "../../project/labels/corrector.ts";
import { type OpenedNetwork, storedNetwork } from "../../project/network/network.ts";
import { openSameNetwork } from "../../project/network/sameNetwork.ts";
import { toRgb } from "../../project/sampling/images.ts";
import { encodeImage } from "../../project/sampling/sampler.ts";
import { serve } from "../../runtime/node/threads.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { PictureCalls } from "./pictures.ts";
import { type Masking, openSource, type Source, sourceStamp } from "./sources.ts";

interface Opened {
  readonly folder: string;
  readonly stamp: string;
  readonly source: Source;
  readonly network: OpenedNetwork;
  /** Of the last seeds. */
  readonly made: Map<number, GenerateResult>;
  /** By what they follow from. */
  readonly classifiers: Map<string, PixelClassifier>;
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
  const stamp = await sourceStamp(folder);
  if (opened?.folder === folder && opened.stamp === stamp) return opened;
  await close();
  // Maps are asked for once the generator is open.
  const source = await openSource(folder, {
    maps: (seed) => pictureMaps(source.sampledAs, network.generator, seed),
    threads,
  });
  const { network: stored, networkSha256: sha256, latent } = source.sampledAs;
  const network = await openSameNetwork(
    await storedNetwork(null, stored, sha256),
    { sha256, of: "the project" },
    { runtime: ortNode, provider: "auto", threads, latent },
  );
  opened = { folder, stamp, source, network, made: new Map(), classifiers: new Map() };
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

function generated({ source, network: { generator }, made }: Opened, seed: number): Promise<GenerateResult> {
  const layers = layersOf(source.sampledAs, generator.info).map(({ name }) => name);
  const make = (): Promise<GenerateResult> =>
    generator.generate({ ...generateOptions(source.sampledAs, generator.info), seeds: [seed], layers });
  return keep(made, seed, MOST_MADE, make, async () => undefined);
}

/** What a model says of the pixels of a picture. */
async function classified(at: Opened, seed: number, { key, model }: Masking): Promise<Uint8Array> {
  if (model === undefined) return new Uint8Array(0);
  const { source, network, classifiers } = at;
  const { info } = network.generator;
  const side = info.resolution;
  const make = async (): Promise<PixelClassifier> =>
    pixelClassifier(await model(), layersOf(source.sampledAs, info), side, {
      ...{ runtime: ortNode, provider: network.provider, threads, imageResolution: side },
    });
  const classifier = await keep(classifiers, key, MOST_CLASSIFIERS, make, (one) => one.dispose());
  const { clusters } = await classifier.classify((await generated(at, seed)).features);
  return Uint8Array.from(clusters);
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
      const masking = await at.source.masking(k);
      return encodePng(masking.mask(seed, at.network.generator.info.resolution, await classified(at, seed, masking)));
    },
    close,
  },
  { oneByOne: true },
);
