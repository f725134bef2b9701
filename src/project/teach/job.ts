import { availableParallelism } from "node:os";
import { GeneratorError } from "../../gan/errors.ts";
import { selectLayers } from "../../gan/selectLayers.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { checkClass } from "../network/conditional.ts";
import { openNetwork } from "../network/network.ts";
import { defineJob } from "../requests/request.ts";
import { locked } from "../storage/lock.ts";
import { versions } from "../storage/versions.ts";
import { refuseForeignFolder } from "../train/run.ts";
import { type TeachRequest, teachRequest } from "./options.ts";
import { loadTeaching, saveTeaching, type TeachSettings } from "./teachFile.ts";

/** Side of the masks unless the user asks for more: pixels of larger pictures say little more about classes. */
const MOST_SIDE = 256;

export interface TeachSummary {
  readonly folder: string;
  readonly settings: TeachSettings;
}

/** Makes a folder in which classes of a generator's pictures can be taught by strokes; one that is there stays as it is. */
export const teachJob = defineJob(teachRequest, async (request, job: JobOptions): Promise<TeachSummary> => {
  const folder = request.outdir;
  const before = await loadTeaching(folder);
  if (before !== undefined) return { folder, settings: before.settings };
  await refuseForeignFolder(folder);
  const settings = await settle(request, job);
  await locked(folder, () => saveTeaching(folder, settings, { actions: [], undone: [] }));
  return { folder, settings };
});

/** Opens the generator. Throws GeneratorError for layers, a class or a resolution that it has not. */
async function settle(request: TeachRequest, job: JobOptions): Promise<TeachSettings> {
  const { latent, provider, truncationPsi, truncationCutoff, noiseMode, command } = request;
  const threads = request.threads ?? availableParallelism();
  job.onProgress?.({ phase: "open the generator", done: 0, total: 1 });
  const { generator, path, sha256 } = await openNetwork(request.network, {
    ...{ runtime: ortNode, provider, threads, latent },
    ...job,
  });
  try {
    const { info } = generator;
    const resolution = request.resolution ?? Math.min(info.resolution, MOST_SIDE);
    if (resolution > info.resolution)
      throw new GeneratorError(
        `the generator's images have ${info.resolution} pixels a side; --resolution ${resolution} is more`,
      );
    checkClass(request.class, info);
    const { layers } = selectLayers(info.layers, request.layers);
    job.onProgress?.({ phase: "open the generator", done: 1, total: 1 });
    return {
      ...{ network: path, networkSha256: sha256, family: info.family, latent, class: request.class },
      ...{ truncationPsi, truncationCutoff, noiseMode, layers: layers.map(({ name }) => name), resolution },
      ...{ command, versions: versions() },
    };
  } finally {
    await generator.dispose();
  }
}
