/** How far a generator's images are from a set of pictures. */

import { availableParallelism } from "node:os";
import type { z } from "zod";
import { frechetDistance, gaussianOf } from "../../features/quality/frechet.ts";
import { compareSamples, type ImageSetFigures, imageSampler } from "../../features/quality/imageSample.ts";
import { randomNetwork } from "../../features/quality/randomNetwork.ts";
import { GeneratorError } from "../../gan/errors.ts";
import type { Generator } from "../../gan/generator.ts";
import { oneHot } from "../../gan/latents.ts";
import { samplesPerRun } from "../../gan/networkGenerator.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { openNetwork } from "../network/network.ts";
import { defineJob } from "../requests/request.ts";
import { toRgb } from "../sampling/images.ts";
import { ProjectError } from "../storage/files.ts";
import { type InceptionModel, openInception } from "./ganQualityInception.ts";
import { openPictures, planesOf } from "./ganQualityPictures.ts";
import { ganQualityRequest } from "./options.ts";

export interface GanQualitySummary extends ImageSetFigures {
  /** Images of either kind that were compared. */
  readonly samples: number;
  /** Pictures of the set, and how many of those tried could not be read. */
  readonly pictures: number;
  readonly rejected: number;
  /** Fréchet distance of the features of `inception`; null without it. */
  readonly fid: number | null;
}

/** Patches of an image at a level, and directions, as in the official sliced Wasserstein metric but for fewer patches. */
const PATCHES_PER_IMAGE = 16;
const DIRECTIONS = 512;
/** Least images that figures are made of. */
const LEAST = 16;

/** Measures a generator against pictures. Throws ProjectError, GeneratorError for what cannot be compared. */
export const ganQualityJob = defineJob(ganQualityRequest, async (request, job): Promise<GanQualitySummary> => {
  const threads = request.threads ?? availableParallelism();
  const { provider, latent } = request;
  // Figures of many images do not change with the noise of each.
  const opening = { runtime: ortNode, provider, threads, latent, mayVary: true, ...job };
  const { generator } = await openNetwork(request.network, opening);
  try {
    const { resolution } = generator.info;
    const network = await randomNetwork(resolution, { runtime: ortNode, threads });
    const inception =
      request.inception === null ? undefined : await openInception(request.inception, resolution, { threads, ...job });
    try {
      const blas = ortBlas({ threads });
      const reduced = async (images: number, batches: AsyncIterable<Tensor>, phase: string) => {
        const sampler = imageSampler(resolution, { images, perImage: PATCHES_PER_IMAGE, network });
        const features = inception?.collect();
        let done = 0;
        job.onProgress?.({ phase, done, total: images });
        for await (const batch of batches) {
          job.signal?.throwIfAborted();
          await sampler.add(batch);
          await features?.add(batch);
          done += batch.shape[0];
          job.onProgress?.({ phase, done, total: images });
        }
        return { sample: sampler.finish(), points: features?.points() };
      };
      const pictures = await openPictures(request, resolution);
      try {
        const most = Math.min(request.samples, pictures.count);
        const real = await reduced(most, pictures.batches(most), "real images");
        const samples = real.sample.images;
        if (samples < LEAST)
          throw new ProjectError(
            `${request.data} has ${samples} pictures that can be read: too few to say anything, ${LEAST} are needed.`,
          );
        const fake = await reduced(samples, generated(generator, request, samples), "generated images");
        job.onProgress?.({ phase: "compare", done: 0, total: 1 });
        const figures = await compareSamples(real.sample, fake.sample, { blas, directions: DIRECTIONS });
        const fid =
          real.points === undefined || fake.points === undefined
            ? null
            : frechetDistance(await gaussianOf(real.points, blas), await gaussianOf(fake.points, blas));
        job.onProgress?.({ phase: "compare", done: 1, total: 1 });
        return { samples, pictures: pictures.count, rejected: pictures.rejected(), ...figures, fid };
      } finally {
        await pictures.close();
      }
    } finally {
      await closeAll(network, inception);
    }
  } finally {
    await generator.dispose();
  }
});

async function closeAll(network: { dispose(): Promise<void> }, inception: InceptionModel | undefined): Promise<void> {
  await network.dispose();
  await inception?.dispose();
}

/** The images of seeds 0, 1, ... as they would be saved: 8 bits a channel, grey as RGB. */
async function* generated(
  generator: Generator,
  request: z.output<typeof ganQualityRequest>,
  n: number,
): AsyncIterable<Tensor> {
  const { resolution, imageRange, cDim } = generator.info;
  const { truncationPsi, truncationCutoff, noiseMode } = request;
  if (cDim > 0 && request.class === null)
    throw new GeneratorError(`the generator is conditional: choose one of its classes 0 to ${cDim - 1} with --class`);
  const options = {
    truncationPsi,
    noiseMode,
    ...(truncationCutoff === null ? {} : { truncationCutoff }),
    ...(request.class === null ? {} : { c: oneHot(request.class, cDim) }),
  };
  const step = samplesPerRun(resolution);
  for (let at = 0; at < n; at += step) {
    const seeds = Array.from({ length: Math.min(step, n - at) }, (_, i) => at + i);
    const { image } = await generator.generate({ ...options, seeds });
    yield planesOf(toRgb(image, imageRange), resolution);
  }
}
