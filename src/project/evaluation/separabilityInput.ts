import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { GeneratorError } from "../../gan/errors.ts";
import { oneHot } from "../../gan/latents.ts";
import { selectLayers } from "../../gan/selectLayers.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { generateOptions } from "../cluster/request.ts";
import { withoutSecrets } from "../network/address.ts";
import { openNetwork } from "../network/network.ts";
import type { PictureModelRequest } from "../network/pictureModel.ts";
import { sampledPyramid } from "../sampling/projectFeatures.ts";
import { readSegmenter } from "../segment/segmenterModel.ts";
import { ProjectError } from "../storage/files.ts";
import { type EvaluationSource, loadInput } from "./input.ts";
import { type SegmentedImages, segmentSeeds } from "./segmenter.ts";
import type { LabelledPixels } from "./separability.ts";
import { loadTruth } from "./truth.ts";

/** A generator, sampled for this; or what `klish evaluate clusters` takes. */
export type SeparabilitySource =
  | EvaluationSource
  | {
      readonly kind: "network";
      readonly file: string;
      readonly seeds: readonly number[];
      readonly layers: "auto" | "all" | readonly string[];
      /** Default: the image's, at most 64. */
      readonly resolution: number | null;
      readonly truncationPsi: number;
      readonly class: number | null;
    };

export interface SeparabilityInputRequest {
  readonly source: SeparabilitySource;
  readonly truth: string | null;
  readonly segmenter: PictureModelRequest | null;
  readonly provider: ProviderChoice;
  readonly threads: number | null;
}

export interface SeparabilityInput extends LabelledPixels {
  readonly name: string;
  /** Names of the classes, as many as the truth has. */
  readonly classes: readonly string[];
  /** Of all that decides the numbers. */
  readonly sha256: string;
}

const DEFAULT_RESOLUTION = 64;

/** Samples or reads the pixels and their true classes. Throws ProjectError for what does not fit. */
export async function separabilityInput(
  request: SeparabilityInputRequest,
  job: JobOptions,
): Promise<SeparabilityInput> {
  const { source, segmenter } = request;
  const input =
    source.kind === "network"
      ? await sampledNetwork(source, request, job)
      : await loadInput({ ...request, source, pixelStride: 1 }, job);
  const named = segmenter === null ? undefined : (await readSegmenter(segmenter.file)).classes?.map(({ name }) => name);
  let last = -1;
  for (const label of input.truth) if (label !== IGNORE_LABEL && label > last) last = label;
  const classes = Array.from(
    { length: Math.max(last + 1, named?.length ?? 0) },
    (_, id) => named?.[id] ?? `class ${id}`,
  );
  return { ...input, classes };
}

async function sampledNetwork(
  { file, seeds, ...wanted }: Extract<SeparabilitySource, { readonly kind: "network" }>,
  { truth, segmenter, provider, threads: asked }: SeparabilityInputRequest,
  job: JobOptions,
): Promise<Omit<SeparabilityInput, "classes">> {
  if ((truth === null) === (segmenter === null))
    throw new ProjectError("say what the true classes of the generated images are: --segmenter, or --truth.");
  const threads = asked ?? availableParallelism();
  const { generator, sha256 } = await openNetwork(file, { runtime: ortNode, provider, threads, ...job });
  try {
    const { info } = generator;
    if (info.cDim > 0 && wanted.class === null)
      throw new GeneratorError(
        `the generator is conditional: choose one of its classes 0 to ${info.cDim - 1} with --class`,
      );
    if (wanted.class !== null) oneHot(wanted.class, info.cDim);
    const { layers } = selectLayers(info.layers, wanted.layers);
    const resolution = wanted.resolution ?? Math.min(info.resolution, DEFAULT_RESOLUTION);
    const settings = {
      seeds: [...seeds],
      resolution,
      truncationPsi: wanted.truncationPsi,
      truncationCutoff: null,
      noiseMode: "const" as const,
      class: wanted.class,
    } satisfies SegmentedImages;
    const options = { ...generateOptions(settings, info), layers, resolution };
    const features = await sampledPyramid(generator, seeds, options, { threads, ...job });
    const labels =
      segmenter === null
        ? await loadTruth(truth!, { seeds, resolution, pixels: features.pixels })
        : await segmentSeeds(settings, generator, segmenter, { threads, ...job });
    const identity = { network: sha256, ...settings, layers: layers.map((layer) => layer.name) };
    const hash = createHash("sha256").update(JSON.stringify(identity));
    hash.update(new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
    return {
      name: basename(withoutSecrets(file)),
      features,
      truth: labels,
      images: seeds.length,
      pixelsPerImage: resolution ** 2,
      sha256: hash.digest("hex"),
    };
  } finally {
    await generator.dispose();
  }
}
