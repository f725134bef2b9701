import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { readNpz } from "../../checkpoint/npy.ts";
import { stridedPixels } from "../../features/pixelStride.ts";
import { denseFeatures, subset } from "../../pixels/denseFeatures.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { featurePyramid } from "../../pixels/pyramid/featurePyramid.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { openProject } from "../cluster/project.ts";
import type { PictureModelRequest } from "../network/pictureModel.ts";
import { openProjectNetwork, projectFeatures } from "../sampling/projectFeatures.ts";
import { ProjectError, readGiven } from "../storage/files.ts";
import { segmentSeeds } from "./segmenter.ts";
import { arrayTruth, loadTruth, type TruthShape } from "./truth.ts";

/** Where the features are: a project, whose generator is sampled again, or arrays in an .npz. */
export type EvaluationSource =
  | { readonly kind: "project"; readonly folder: string; readonly network: string | null }
  | { readonly kind: "arrays"; readonly file: string };

export interface InputRequest {
  readonly source: EvaluationSource;
  /** A folder of label maps, an .npz or an .npy; null for the array `truth` beside the features. */
  readonly truth: string | null;
  /** Sees the true classes in a project's images, in place of `truth`. */
  readonly segmenter: PictureModelRequest | null;
  /** Default: the project's, or 1. */
  readonly pixelStride: number | null;
  readonly provider: ProviderChoice;
  readonly threads: number | null;
}

/** The pixels to cluster, and what is known of them. */
export interface EvaluationInput {
  /** To be shown. */
  readonly name: string;
  readonly features: Pixels;
  readonly truth: Uint16Array;
  readonly images: number;
  readonly pixelsPerImage: number;
  readonly pixelStride: number;
  /** Of everything that decides the numbers. */
  readonly sha256: string;
}

interface Loaded {
  readonly name: string;
  readonly features: Pixels;
  readonly shape: TruthShape;
  readonly truth: Uint16Array | undefined;
  readonly pixelStride: number;
  readonly identity: unknown;
}

/** Reads or samples features, and reads their truth. Throws ProjectError for what does not fit. */
export async function loadInput(request: InputRequest, job: JobOptions): Promise<EvaluationInput> {
  const { source } = request;
  const threads = request.threads ?? availableParallelism();
  if (request.segmenter !== null && (request.truth !== null || source.kind === "arrays"))
    throw new ProjectError("a segmenter sees the images of a project's generator: give --project, and no --truth.");
  const loaded =
    source.kind === "arrays" ? await arrays(source.file, threads) : await sampled(source, request, threads, job);
  const { name, shape } = loaded;
  const truth = request.truth === null ? loaded.truth : await loadTruth(request.truth, shape);
  if (truth === undefined)
    throw new ProjectError(
      `${name} says nothing of true classes. Give them with --truth <folder or file>, or a project's with --segmenter <onnx>.`,
    );
  const pixelStride = request.pixelStride ?? loaded.pixelStride;
  if (pixelStride > 1 && shape.resolution === undefined)
    throw new ProjectError("a pixel stride needs images; these are plain points.");
  const images = shape.resolution === undefined ? 1 : shape.seeds.length;
  const index =
    pixelStride > 1 && shape.resolution !== undefined
      ? stridedPixels(images, shape.resolution, pixelStride, 0)
      : undefined;
  const features = index === undefined ? loaded.features : await subset(loaded.features, index);
  const kept = index === undefined ? truth : Uint16Array.from(index, (n) => truth[n]);
  const hash = createHash("sha256").update(JSON.stringify({ identity: loaded.identity, pixelStride }));
  hash.update(new Uint8Array(kept.buffer, kept.byteOffset, kept.byteLength));
  return {
    name,
    features,
    truth: kept,
    images,
    pixelsPerImage: kept.length / images,
    pixelStride,
    sha256: hash.digest("hex"),
  };
}

async function arrays(file: string, threads: number): Promise<Loaded> {
  const bytes = new Uint8Array(await readGiven(file));
  const found = readNpz(bytes);
  const layers = [...found].filter(([name]) => name !== "truth").map(([, array]) => array);
  const floats = layers.filter((layer): layer is Tensor => layer.dtype === "float32");
  const points = floats.length === 1 && floats[0].shape.length === 2;
  if (floats.length === 0 || floats.length < layers.length || !(points || floats.every((l) => l.shape.length === 4)))
    throw new ProjectError(
      `${file}: expected layers [N,C,h,h] or one array of points [N,D], of float16 or float32, next to \`truth\`; got ` +
        `${[...found].map(([name, { dtype, shape }]) => `${name}: ${dtype} [${shape}]`).join(", ")}.`,
    );
  const blas = ortBlas({ threads });
  const resolution = points ? undefined : Math.max(...floats.map((l) => l.shape[2]));
  const features =
    resolution === undefined ? denseFeatures(floats[0], { blas }) : featurePyramid(floats, { resolution, blas });
  const seeds = points ? [] : Array.from({ length: floats[0].shape[0] }, (_, i) => i);
  const shape = { seeds, resolution, pixels: features.pixels };
  const truth = found.get("truth");
  const identity = createHash("sha256").update(bytes).digest("hex");
  return {
    name: basename(file),
    features,
    shape,
    truth: truth && arrayTruth(file, truth, shape),
    pixelStride: 1,
    identity,
  };
}

async function sampled(
  { folder, network }: Extract<EvaluationSource, { readonly kind: "project" }>,
  { provider, segmenter }: InputRequest,
  threads: number,
  job: JobOptions,
): Promise<Loaded> {
  const project = await openProject(folder);
  const { settings } = project.file;
  const { seeds, resolution, latent, networkSha256, truncationPsi, truncationCutoff, noiseMode, layers } = settings;
  const { generator } = await openProjectNetwork(project, { network, provider, threads, ...job });
  try {
    const features = await projectFeatures(settings, generator, { threads, ...job });
    const sampling = { class: settings.class, truncationPsi, truncationCutoff, noiseMode, layers, resolution };
    return {
      name: basename(folder),
      features,
      shape: { seeds, resolution, pixels: features.pixels },
      truth: segmenter === null ? undefined : await segmentSeeds(settings, generator, segmenter, { threads, ...job }),
      pixelStride: settings.pixelStride,
      identity: { networkSha256, latent, seeds, ...sampling },
    };
  } finally {
    await generator.dispose();
  }
}
