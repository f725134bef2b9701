/** What measures images, open: the generator, the pictures, and the networks that see them. */
import type { z } from "zod";
import { patchSampler } from "../../../features/quality/patches.ts";
import { randomNetwork } from "../../../features/quality/randomNetwork.ts";
import { GeneratorError } from "../../../gan/errors.ts";
import { oneHot } from "../../../gan/latents.ts";
import { samplesPerRun } from "../../../gan/networkGenerator.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { RandomState } from "../../../tensor/random.ts";
import { type Tensor, tensor } from "../../../tensor/tensor.ts";
import { openNetwork } from "../../network/network.ts";
import { toRgb } from "../../sampling/images.ts";
import { type Block, type Measured, type MeasuredShape, PATCHES_PER_IMAGE } from "./blocks.ts";
import { openInception } from "./inception.ts";
import type { ganQualityRequest } from "./options.ts";
import { openPictures, type Pictures, planesOf } from "./pictures.ts";
import type { QualityRecipe } from "./recipe.ts";

/** What is measured, and where it is computed. */
export type MeasuringRequest = Pick<
  z.output<typeof ganQualityRequest>,
  | ("network" | "data" | "crop" | "fit" | "resize" | "inception" | "class" | "truncationPsi" | "truncationCutoff")
  | ("noiseMode" | "latent" | "provider")
>;

export interface Measuring {
  readonly recipe: QualityRecipe;
  readonly pictures: Pictures;
  /** The generator's file on this machine, and how it is called. */
  readonly network: { readonly file: string; readonly path: string };
  measure(block: Block): Promise<Measured>;
  /** What the numbers of every block are. */
  shape(): Promise<MeasuredShape>;
  close(): Promise<void>;
}

/** Of the places of patches: those of an image depend on its number alone, and equal ones of both kinds are at distance 0. */
const PLACES_SEED = 0;

/** Opens all of it. Throws ProjectError, GeneratorError for what cannot be compared. */
export async function openMeasuring(
  request: MeasuringRequest,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<Measuring> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one.close();
  };
  try {
    const { provider, latent } = request;
    // Figures of many images do not change with the noise of each.
    const opening = { runtime: ortNode, provider, threads, latent, mayVary: true, ...job };
    const { generator, file, path, sha256 } = await openNetwork(request.network, opening);
    opened.push({ close: () => generator.dispose() });
    const { resolution, imageRange, cDim } = generator.info;
    if (cDim > 0 && request.class === null)
      throw new GeneratorError(`the generator is conditional: choose one of its classes 0 to ${cDim - 1} with --class`);
    const network = await randomNetwork(resolution, { runtime: ortNode, threads });
    opened.push({ close: () => network.dispose() });
    const inception = request.inception && (await openInception(request.inception, resolution, { threads, ...job }));
    if (inception !== null) opened.push({ close: () => inception.dispose() });
    const pictures = await openPictures(request, resolution);
    opened.push(pictures);

    const { truncationPsi, truncationCutoff, noiseMode } = request;
    const options = {
      truncationPsi,
      noiseMode,
      ...(truncationCutoff === null ? {} : { truncationCutoff }),
      ...(request.class === null ? {} : { c: oneHot(request.class, cDim) }),
    };
    /** The images of seeds as they would be saved: 8 bits a channel, grey as RGB. */
    const generated = async function* (first: number, end: number): ReturnType<Pictures["read"]> {
      const step = samplesPerRun(resolution);
      for (let at = first; at < end; at += step) {
        const places = Array.from({ length: Math.min(step, end - at) }, (_, i) => at + i);
        const { image } = await generator.generate({ ...options, seeds: places });
        yield { images: planesOf(toRgb(image, imageRange), resolution), places };
      }
    };
    return {
      recipe: {
        ...{ klish: "gan-quality", version: 1, networkSha256: sha256, picturesSha256: pictures.sha256, resolution },
        ...{ crop: request.crop, fit: request.fit, resize: request.resize, class: request.class },
        ...{ truncationPsi, truncationCutoff, noiseMode, latent },
        inception:
          request.inception && inception ? { sha256: inception.sha256, ...withoutFile(request.inception) } : null,
      },
      pictures,
      network: { file, path },
      async measure({ kind, first, end }) {
        const random = new RandomState(PLACES_SEED);
        const patches = patchSampler(resolution, { images: end - first, perImage: PATCHES_PER_IMAGE, random });
        const seen = inception?.collect();
        const places: number[] = [];
        const features: Float32Array[] = [];
        let next = 0;
        for await (const batch of kind === "real" ? pictures.read(first, end) : generated(first, end)) {
          job.signal?.throwIfAborted();
          for (const [i, place] of batch.places.entries()) {
            patches.skip(place - next);
            patches.add(imageOf(batch.images, i));
            next = place + 1;
          }
          features.push(await network.features(batch.images));
          await seen?.add(batch.images);
          places.push(...batch.places);
        }
        return {
          places: Int32Array.from(places),
          patches: patches.collected(),
          features: joined(features),
          inception: seen?.points().data,
        };
      },
      async shape() {
        const blank = inception?.collect();
        await blank?.add(tensor([1, 3, resolution, resolution]));
        return { resolution, dimensions: network.dimensions, inception: blank?.points().dimensions };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const withoutFile = ({ size, range, output }: NonNullable<MeasuringRequest["inception"]>) => ({
  size,
  range: range === "imagenet" ? range : ([...range] as [number, number]),
  output,
});

/** Image i of [n,3,R,R], as [1,3,R,R]. */
function imageOf({ data, shape: [n, ...rest] }: Tensor, i: number): Tensor {
  const size = data.length / n;
  return tensor([1, ...rest], data.subarray(i * size, (i + 1) * size));
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
