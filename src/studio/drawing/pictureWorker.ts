/** The worker thread that draws pictures of any seed with their masks: it holds one project's generator open. */
import { availableParallelism } from "node:os";
import { encodePng } from "../../dataset/png.ts";
import { type PixelClassifier, pixelClassifier } from "../../features/pixelClassifier.ts";
import { keptMaps } from "../../features/sampleFeatures.ts";
import type { GenerateResult } from "../../gan/generator.ts";
import { generateOptions, layersOf } from "../../project/cluster/request.ts";
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

/** Bytes that pictures with their inner maps may take: dozens of small ones, the last few of large ones. */
const MOST_MADE = 2 ** 29;
/** Classifiers that are kept. */
const MOST_CLASSIFIERS = 8;
const threads = availableParallelism();
const ending = new AbortController();
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
  const { signal } = ending;
  // Maps are asked for once the generator is open.
  const source = await openSource(folder, {
    async maps(seed) {
      const { features } = await generated(now, seed);
      return keptMaps(features, layersOf(source.sampledAs, network.generator.info), source.sampledAs.resolution);
    },
    ...{ threads, signal },
  });
  const { network: stored, networkSha256: sha256, latent } = source.sampledAs;
  const network = await openSameNetwork(
    await storedNetwork(null, stored, sha256),
    { sha256, of: "the project" },
    { runtime: ortNode, provider: "auto", threads, latent, signal },
  );
  const now: Opened = { folder, stamp, source, network, made: new Map(), classifiers: new Map() };
  opened = now;
  return now;
}

interface Keeping<V> {
  readonly make: () => Promise<V>;
  /** How much of the room one takes, and how much there is. */
  readonly sizeOf: (value: V) => number;
  readonly most: number;
  readonly drop?: (value: V) => Promise<void>;
}

/** What is asked for again moves to the end; the first go when there are too many, the last one never. */
async function keep<K, V>(kept: Map<K, V>, key: K, { make, sizeOf, most, drop }: Keeping<V>): Promise<V> {
  const found = kept.get(key) ?? (await make());
  kept.delete(key);
  kept.set(key, found);
  let size = [...kept.values()].reduce((sum, value) => sum + sizeOf(value), 0);
  for (const [first, value] of kept) {
    if (size <= most || value === found) break;
    kept.delete(first);
    size -= sizeOf(value);
    await drop?.(value);
  }
  return found;
}

const bytesOf = ({ image, features }: GenerateResult): number =>
  [image, ...features.values()].reduce((sum, { data }) => sum + data.byteLength, 0);

function generated({ source, network: { generator }, made }: Opened, seed: number): Promise<GenerateResult> {
  const layers = layersOf(source.sampledAs, generator.info).map(({ name }) => name);
  const make = (): Promise<GenerateResult> =>
    generator.generate({ ...generateOptions(source.sampledAs, generator.info), seeds: [seed], layers });
  return keep(made, seed, { make, sizeOf: bytesOf, most: MOST_MADE });
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
  const drop = (one: PixelClassifier): Promise<void> => one.dispose();
  const classifier = await keep(classifiers, key, { make, sizeOf: () => 1, most: MOST_CLASSIFIERS, drop });
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
    async mask(folder, seed, k, revision) {
      const at = await open(folder);
      const masking = await at.source.masking(k, revision);
      return encodePng(masking.mask(seed, at.network.generator.info.resolution, await classified(at, seed, masking)));
    },
  },
  { oneByOne: true, ending, close },
);
