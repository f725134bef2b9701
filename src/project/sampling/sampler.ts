import sharp from "sharp";
import { type PixelClasses, type PixelClassifier, pixelClassifier } from "../../features/pixelClassifier.ts";
import type { LatentDistribution, NoiseMode } from "../../gan/generator.ts";
import { oneHot } from "../../gan/latents.ts";
import type { OnnxSignature } from "../../gan/onnx/signature.ts";
import { selectLayers } from "../../gan/selectLayers.ts";
import type { PixelModel } from "../../models/pixelModel.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import { openSameNetwork } from "../network/sameNetwork.ts";
import { toRgb } from "./images.ts";

/** Which generator, how it samples, and what classifies its pixels. */
export interface SamplerSource {
  /** Path of the generator, and the hash that it must have. */
  readonly network: string;
  readonly networkSha256: string;
  readonly latent: LatentDistribution;
  readonly class: number | null;
  readonly truncationPsi: number;
  readonly truncationCutoff: number | null;
  readonly noiseMode: NoiseMode;
  /** Side of the cluster maps; null for the generator's. */
  readonly resolution: number | null;
  readonly provider: ProviderChoice;
  readonly threads: number;
  /** Of an ONNX model that was opened before: what its trial run found. */
  readonly signature?: OnnxSignature;
}

/** A classifier with the layers whose channels it scores. */
export interface LayerClassifier {
  readonly layers: readonly string[];
  readonly classifier: PixelModel;
}

/** One generated image with what each classifier makes of its pixels. */
export interface ClusteredImage {
  /** [R,R,3], R the generator's resolution. */
  readonly rgb: Uint8Array;
  readonly maps: readonly ClusterMap[];
}

export interface ClusterMap {
  /** [resolution,resolution], and by how much each pixel's best score leads. */
  readonly clusters: Uint8Array;
  readonly margin: Float32Array;
  /** Of classifiers that vote: how much the voters differ, in nats. */
  readonly disagreement?: Float32Array;
}

/** Makes images with cluster maps by seed. Owns native sessions: dispose of it. */
export interface Sampler {
  readonly generatorResolution: number;
  readonly resolution: number;
  sample(seeds: readonly number[]): Promise<ClusteredImage[]>;
  dispose(): Promise<void>;
}

/** Throws ProjectError when the generator is not the one that was clustered. */
export async function openSampler(source: SamplerSource, classifiers: readonly LayerClassifier[]): Promise<Sampler> {
  const { provider, threads, latent, truncationPsi, truncationCutoff, noiseMode, signature } = source;
  const known = { sha256: source.networkSha256, of: "the project" };
  const opened = await openSameNetwork(source.network, known, {
    runtime: ortNode,
    provider,
    threads,
    latent,
    ...(signature && { signature }),
  });
  const { generator } = opened;
  const { info } = generator;
  const layers = [...new Set(classifiers.flatMap((c) => c.layers))];
  const resolution = source.resolution ?? info.resolution;
  const settings = { runtime: ortNode, provider: opened.provider, threads, imageResolution: info.resolution };
  // Label sets of one project and K share a classifier, which runs once.
  const pixels = new Map<LayerClassifier, PixelClassifier>();
  for (const c of new Set(classifiers))
    pixels.set(
      c,
      await pixelClassifier(c.classifier, selectLayers(info.layers, c.layers).layers, resolution, settings),
    );
  return {
    generatorResolution: info.resolution,
    resolution,
    async sample(seeds) {
      const { image, features } = await generator.generate({
        seeds,
        layers,
        truncationPsi,
        noiseMode,
        ...(truncationCutoff === null ? {} : { truncationCutoff }),
        ...(source.class === null ? {} : { c: oneHot(source.class, info.cDim) }),
      });
      const classes = new Map<LayerClassifier, PixelClasses>();
      for (const [c, p] of pixels) classes.set(c, await p.classify(features));
      const area = resolution * resolution;
      return toRgb(image, info.imageRange).map((rgb, i) => ({
        rgb,
        maps: classifiers.map((c) => {
          const { clusters, margin, disagreement } = classes.get(c) as PixelClasses;
          return {
            clusters: clusters.subarray(i * area, (i + 1) * area),
            margin: margin.subarray(i * area, (i + 1) * area),
            ...(disagreement && { disagreement: disagreement.subarray(i * area, (i + 1) * area) }),
          };
        }),
      }));
    },
    async dispose() {
      for (const p of pixels.values()) await p.dispose();
      await generator.dispose();
    },
  };
}

export interface ImageEncoding {
  readonly format: "png" | "jpg" | "webp";
  /** Of jpg and webp. */
  readonly quality: number;
  /** Side of the encoded image. */
  readonly resolution: number;
}

/** A square RGB image, resized (Lanczos) where it has another side, as a file. */
export function encodeImage(
  rgb: Uint8Array,
  side: number,
  { format, quality, resolution }: ImageEncoding,
): Promise<Buffer> {
  let image = sharp(rgb, { raw: { width: side, height: side, channels: 3 } });
  if (side !== resolution) image = image.resize(resolution, resolution, { kernel: "lanczos3" });
  if (format === "png") return image.png().toBuffer();
  // Chroma at full resolution: parts are small, and their colours must not bleed over borders.
  if (format === "jpg") return image.jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
  return image.webp({ quality }).toBuffer();
}
