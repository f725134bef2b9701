import { type SampleFeaturesOptions, sampledLayers, sampleInto } from "../../features/sampleFeatures.ts";
import type { Generator } from "../../gan/generator.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { pyramidBuilder } from "../../pixels/pyramid/featurePyramid.ts";
import { pyramidFeatures } from "../../pixels/pyramid/pyramid.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import type { Project } from "../cluster/project.ts";
import { featureBytes, featureOptions, gigabytes, spareMemory } from "../cluster/request.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import type { OpenedNetwork } from "../network/network.ts";
import { storedNetwork } from "../network/network.ts";
import { openSameNetwork } from "../network/sameNetwork.ts";
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
  return openSameNetwork(
    await storedNetwork(network, settings.network, networkSha256),
    { sha256: networkSha256, of: folder },
    { runtime: ortNode, provider, threads, latent, ...job },
  );
}

/** All pixels of a project's images, sampled again. */
export async function projectFeatures(
  settings: ClusterSettings,
  generator: Generator,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<Pixels> {
  const needed = featureBytes(settings, generator.info);
  if (needed > spareMemory())
    throw new ProjectError(
      `the features of this project need ${gigabytes(needed)} of memory, more than the ${gigabytes(spareMemory())} that this machine can spare. ` +
        "`klish cluster` keeps such features on disk; this command holds them in memory. Take a project of fewer images or of a lower --resolution.",
    );
  return sampledPyramid(generator, settings.seeds, featureOptions(settings, generator.info), { threads, ...job });
}

/** All pixels of a generator's images, in memory. */
export async function sampledPyramid(
  generator: Generator,
  seeds: readonly number[],
  options: SampleFeaturesOptions,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<Pixels> {
  const { resolution } = options;
  const builder = pyramidBuilder({ images: seeds.length, layers: sampledLayers(options), resolution });
  await sampleInto(
    generator,
    seeds,
    options,
    async (first, _, sample) => builder.add(first, (await sample()).layers),
    job,
  );
  return pyramidFeatures(builder.finish(), ortBlas({ threads }));
}
