import { keptResolution, sampleFeatures, seedBatches } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { pyramidBuilder } from "../../pixels/pyramid/featurePyramid.ts";
import { pyramidFeatures } from "../../pixels/pyramid/pyramid.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Project } from "../cluster/project.ts";
import { featureBytes, generateOptions, gigabytes, layersOf, spareMemory } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { type OpenedNetwork, openNetwork } from "../network/network.ts";
import { ProjectError } from "../storage/files.ts";

export interface ProjectNetworkOptions extends JobOptions {
  /** Where the generator is now; null where it was. */
  readonly network: string | null;
  readonly provider: ProviderChoice;
  readonly threads: number;
}

/** The generator that a project was made from. Throws ProjectError where another one is there. */
export async function openProjectNetwork(
  { folder, file: { settings } }: Project,
  { network, provider, threads, ...job }: ProjectNetworkOptions,
): Promise<OpenedNetwork> {
  const { latent, networkSha256 } = settings;
  const opened = await openNetwork(network ?? settings.network, {
    runtime: ortNode,
    provider,
    threads,
    latent,
    ...job,
  });
  if (opened.sha256 === networkSha256) return opened;
  await opened.generator.dispose();
  throw new ProjectError(
    `${opened.path} is not the generator that ${folder} was made from (its content differs). Give that one with --network.`,
  );
}

/** All pixels of a project's images, sampled again. */
export async function projectFeatures(
  settings: ClusterSettings,
  generator: Generator,
  { threads, onProgress, signal }: JobOptions & { readonly threads: number },
): Promise<Pixels> {
  const { seeds, resolution } = settings;
  const needed = featureBytes(settings, generator.info);
  if (needed > spareMemory())
    throw new ProjectError(
      `the features of this project need ${gigabytes(needed)} of memory, more than the ${gigabytes(spareMemory())} that this machine can spare. ` +
        "`klish cluster` keeps such features on disk; this command holds them in memory. Take a project of fewer images or of a lower --resolution.",
    );
  const layers = layersOf(settings, generator.info);
  const builder = pyramidBuilder({
    images: seeds.length,
    layers: layers.map((layer) => ({ channels: layer.channels, size: keptResolution(layer, resolution) })),
    resolution,
  });
  const options = { ...generateOptions(settings, generator.info), layers, resolution };
  let done = 0;
  for (const batch of seedBatches(seeds, generator.info.resolution)) {
    onProgress?.({ phase: "sample the generator", done, total: seeds.length });
    signal?.throwIfAborted();
    builder.add(done, (await sampleFeatures(generator, batch, options)).layers);
    done += batch.length;
  }
  onProgress?.({ phase: "sample the generator", done, total: seeds.length });
  return pyramidFeatures(builder.finish(), ortBlas({ threads }));
}
