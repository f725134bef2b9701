/** What a request comes down to, before anything is written: the generator, the masks, the settings. */
import { resolve } from "node:path";
import { GeneratorError } from "../../../gan/errors.ts";
import type { GeneratorInfo } from "../../../gan/generator.ts";
import { selectLayers } from "../../../gan/selectLayers.ts";
import { ortNode } from "../../../runtime/ortNode.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { gigabytes, spareMemory } from "../../cluster/request.ts";
import { checkMaskImages } from "../../dataset/maskImages.ts";
import { type Masks, readMasks } from "../../dataset/masks.ts";
import { type ExtractorSettings, loadExtractorSettings } from "../../extractor/settings.ts";
import { checkClass } from "../../network/conditional.ts";
import { type OpenedNetwork, openNetwork, storedNetwork } from "../../network/network.ts";
import { openSameNetwork } from "../../network/sameNetwork.ts";
import { EXTRACTOR_RUN, refuseOtherRun } from "../../network/trainingRun.ts";
import { ProjectError } from "../../storage/files.ts";
import { versions } from "../../storage/versions.ts";
import { refuseChanges, refuseForeignFolder, refuseInside, runFolder } from "../run.ts";
import { threadsOf } from "../threads.ts";
import { methods, passes } from "./methods.ts";
import type { TrainExtractorRequest } from "./options.ts";

export interface PlannedExtractor {
  readonly folder: string;
  readonly settings: ExtractorSettings;
  readonly masks: Masks;
  /** To be disposed of. */
  readonly network: OpenedNetwork;
}

/** Throws ProjectError, GeneratorError or RangeError that says what does not fit; nothing is touched. */
export async function planExtractor(request: TrainExtractorRequest, job: JobOptions): Promise<PlannedExtractor> {
  const { resume } = request;
  const folder = runFolder(request);
  await refuseOtherRun(folder, EXTRACTOR_RUN);
  const before = await loadExtractorSettings(folder);
  if (before === undefined && resume !== null)
    throw new ProjectError(`${resume} is not the folder of an extractor's run (${EXTRACTOR_RUN}).`);
  if (before === undefined) {
    await refuseForeignFolder(folder);
    refuseInside(folder, [request.masks]);
  }
  const asked = request.network ?? (before && (await storedNetwork(null, before.network, before.networkSha256)));
  const masksFolder = request.masks ?? before?.masks;
  if (asked === undefined) throw new ProjectError("a new run needs the generator of the masks: --network <file>.");
  if (masksFolder === undefined) throw new ProjectError("a new run needs masks: --masks <folder of seed0007.png …>.");
  const where = {
    runtime: ortNode,
    provider: request.provider,
    threads: threadsOf(request),
    latent: before?.latent ?? request.latent,
    ...job,
  };
  job.onProgress?.({ phase: "open the generator", done: 0, total: 1 });
  const network =
    before === undefined
      ? await openNetwork(asked, where)
      : await openSameNetwork(asked, { sha256: before.networkSha256, of: folder }, where);
  try {
    const { info } = network.generator;
    const resolution = before?.resolution ?? request.resolution ?? info.resolution;
    if (resolution > info.resolution)
      throw new GeneratorError(
        `the generator's images have ${info.resolution} pixels a side; --resolution ${resolution} is more`,
      );
    await checkMaskImages(masksFolder, { ...(before ?? request), networkSha256: network.sha256 });
    const names = request.classes ?? before?.classes.map(({ name }) => name) ?? null;
    const masks = await readMasks(masksFolder, resolution, names);
    const settings =
      before === undefined
        ? newSettings(request, masksFolder, masks, network, resolution)
        : continued(before, request, masks, folder);
    const needed = featureBytes(settings, info);
    if (needed > spareMemory())
      throw new ProjectError(
        `the features of ${masks.seeds.length} images need ${gigabytes(needed)} of memory, more than the ${gigabytes(spareMemory())} that this machine can spare: lower --resolution, or take fewer --layers or masks.`,
      );
    job.onProgress?.({ phase: "open the generator", done: 1, total: 1, note: `${info.family} on ${network.provider}` });
    return { folder, settings, masks, network };
  } catch (error) {
    await network.generator.dispose();
    throw error;
  }
}

/** Each layer at its own resolution, once as it is learned from and once as it comes from the generator. */
function featureBytes({ layers, resolution, seeds }: ExtractorSettings, info: GeneratorInfo): number {
  const perImage = selectLayers(info.layers, layers).layers.reduce(
    (sum, layer) => sum + layer.channels * Math.min(layer.resolution, resolution) ** 2,
    0,
  );
  return 2 * Float32Array.BYTES_PER_ELEMENT * perImage * seeds.length;
}

function newSettings(
  request: TrainExtractorRequest,
  masksFolder: string,
  masks: Masks,
  { generator: { info }, path, sha256 }: OpenedNetwork,
  resolution: number,
): ExtractorSettings {
  const { layers } = selectLayers(info.layers, request.layers);
  checkClass(request.class, info);
  return {
    klish: EXTRACTOR_RUN,
    version: 1,
    method: request.method,
    network: path,
    networkSha256: sha256,
    family: info.family,
    latent: request.latent,
    class: request.class,
    truncationPsi: request.truncationPsi,
    truncationCutoff: request.truncationCutoff,
    noiseMode: request.noiseMode,
    layers: layers.map(({ name }) => name),
    resolution,
    masks: resolve(masksFolder),
    seeds: [...masks.seeds],
    masksSha256: masks.sha256,
    classes: masks.classes.map(({ name, color, background }) => ({ name, color, background })),
    epochs: passes(request, masks),
    seed: request.seed,
    command: request.command,
    versions: versions(),
  };
}

/** Throws ProjectError where the request or the masks are not those that the run was started with. */
function continued(
  before: ExtractorSettings,
  request: TrainExtractorRequest,
  masks: Masks,
  folder: string,
): ExtractorSettings {
  // With --resume nothing else need be said; without it the command is repeated.
  const now: Partial<ExtractorSettings> =
    request.resume !== null
      ? {}
      : {
          method: request.method,
          epochs: passes(request, masks),
          seed: request.seed,
          class: request.class,
          truncationPsi: request.truncationPsi,
          truncationCutoff: request.truncationCutoff,
          noiseMode: request.noiseMode,
          ...(request.resolution !== null && { resolution: request.resolution }),
        };
  refuseChanges(
    now,
    Object.fromEntries(Object.keys(now).map((name) => [name, before[name as keyof typeof now]])),
    folder,
  );
  if (masks.sha256 !== before.masksSha256)
    throw new ProjectError(
      `${folder} was started with other masks than ${before.masks} holds now. Start a new run in another --outdir.`,
    );
  return before;
}

/** What is learned, in words. */
export const titleOf = ({ method }: ExtractorSettings): string => methods[method].title;
