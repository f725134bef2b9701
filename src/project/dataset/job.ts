import { mkdir } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { GeneratorError } from "../../gan/errors.ts";
import type { GeneratorInfo } from "../../gan/generator.ts";
import { samplesPerRun } from "../../gan/networkGenerator.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { ProviderChoice } from "../../runtime/session.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { explain, listFolder, ProjectError, removeTemporaries } from "../files.ts";
import { loadRecipe, recipeHash } from "../labels/recipeFile.ts";
import { labeller } from "../labels/recipeLabels.ts";
import { lockFolder } from "../lock.ts";
import { openNetwork } from "../network.ts";
import { loadTree, openProject, type Project } from "../project.ts";
import { blockMaker } from "./block.ts";
import { continueManifest } from "./manifest.ts";
import { writeOverview } from "./overview.ts";
import { makeBlocks } from "./pool.ts";
import type { MadeBlock } from "./protocol.ts";
import { alreadyMade, blocks, repair } from "./resume.ts";
import { logRun, size } from "./runs.ts";
import type { SamplerSource } from "./sampler.ts";
import {
  type DatasetFile,
  type DatasetSettings,
  datasetDifferences,
  loadDataset,
  openDataset,
  saveDataset,
  seedRange,
} from "./settings.ts";
import { writeLists } from "./store.ts";
import { threadMaker } from "./thread.ts";

/** What the user asked for; nulls are taken from the project or the generator. */
export interface DatasetRequest
  extends Pick<
    DatasetSettings,
    "imageFormat" | "quality" | "firstSeed" | "count" | "shard" | "ignoreMargin" | "filter" | "split"
  > {
  readonly project: string;
  readonly outdir: string;
  /** Where the generator is now. */
  readonly network: string | null;
  readonly resolution: number | null;
  readonly truncationPsi: number | null;
  readonly provider: ProviderChoice;
  readonly threads: number | null;
  /** The command line, to be shown. */
  readonly command: string;
}

export interface DatasetSummary {
  readonly folder: string;
  readonly overview: string;
  /** Seeds looked at, samples with files, bytes of these. */
  readonly samples: number;
  readonly kept: number;
  readonly bytes: number;
  /** Of this run; zero where nothing was left to do. */
  readonly made: number;
  readonly seconds: number;
}

/** Makes a dataset, or continues one. */
export async function datasetJob(request: DatasetRequest, job: JobOptions): Promise<DatasetSummary> {
  const folder = resolve(request.outdir);
  const threads = request.threads ?? availableParallelism();
  job.onProgress?.({ phase: "open the generator", done: 0, total: 1 });
  const project = await openProject(request.project);
  const tree = await loadTree(project);
  const recipe = tree === undefined ? undefined : await loadRecipe(project, tree);
  if (tree === undefined || recipe === undefined)
    throw new ProjectError(
      `${request.project} has no labels yet. Choose a K and name its parts first: klish label cut ${request.project} 12`,
    );
  const network = await openNetwork(request.network ?? project.file.settings.network, {
    runtime: ortNode,
    provider: request.provider,
    threads,
    latent: project.file.settings.latent,
  });
  const { info } = network.generator;
  await network.generator.dispose();
  const settings = settle(request, project, info, recipeHash(recipe.state, tree), recipe.state);
  job.onProgress?.({ phase: "open the generator", done: 1, total: 1, note: `${info.family} on ${network.provider}` });
  const { classes } = labeller(settings.labels);
  for (const name of settings.filter.require)
    if (!classes.some((c) => c.name === name))
      throw new ProjectError(`no class is called "${name}"; there are ${classes.map((c) => c.name).join(", ")}.`);

  await mkdir(folder, { recursive: true }).catch((error) => {
    throw explain(error, folder);
  });
  const release = await lockFolder(folder);
  try {
    await openFolder(folder, { klish: "dataset", version: 1, settings, classes: [...classes] });
    const done = await alreadyMade(folder, settings);
    const workers = workerCount(info, settings.layers, network.provider === "cpu" ? threads : 1);
    const source: SamplerSource = {
      ...settings,
      network: network.path,
      provider: network.provider,
      threads: Math.max(1, Math.floor(threads / workers)),
    };
    const range = seedRange(settings);
    const manifest = await continueManifest(folder, done.manifestBytes);
    const started = performance.now();
    const seconds = (): number => (performance.now() - started) / 1000;
    let { samples, bytes } = done;
    const total = range.end - range.first;
    const progress = (): void => {
      const rate = samples > done.samples ? `${((samples - done.samples) / seconds()).toFixed(1)} images/s, ` : "";
      job.onProgress?.({ phase: "make the dataset", done: samples, total, note: `${rate}${size(bytes)}` });
    };
    progress();
    try {
      const start = { folder, settings, source, classifier: tree.classifierAt(settings.labels.k) };
      const finished = async (made: MadeBlock): Promise<void> => {
        await manifest.append(made.lines);
        samples += made.samples;
        bytes += made.bytes;
        progress();
      };
      const next = range.first + samples;
      if (next < range.end || done.damaged.length > 0) {
        // One generator needs no thread beside this one, which is a job's own already.
        const open = workers === 1 ? [blockMaker(start)] : Array.from({ length: workers }, () => threadMaker(start));
        const makers = open.map((m) => m.make);
        const stop = (): boolean => job.signal?.aborted === true;
        try {
          await repair(done.damaged, settings, makers, stop);
          if (!stop()) await makeBlocks(blocks(next, range.end, settings.blockSize), makers, finished, stop);
        } finally {
          await Promise.all(open.map((m) => m.dispose()));
        }
      }
    } finally {
      await manifest.close();
    }
    const made = samples - done.samples;
    if (made > 0)
      await logRun(folder, {
        command: request.command,
        made,
        seconds: seconds(),
        workers,
        project: resolve(request.project),
        network: network.path,
      });
    job.signal?.throwIfAborted();
    await writeLists(folder, await openDataset(folder));
    const { overview, kept } = await writeOverview(folder, job);
    return { folder, overview, samples, kept, bytes, made, seconds: seconds() };
  } finally {
    await release();
  }
}

function settle(
  request: DatasetRequest,
  { file: { settings: project } }: Project,
  info: GeneratorInfo,
  recipeSha256: string,
  labels: DatasetSettings["labels"],
): DatasetSettings {
  const { imageFormat, quality, firstSeed, count, shard, ignoreMargin, filter, split } = request;
  if (firstSeed + count > 2 ** 32) throw new ProjectError("seeds end at 4294967295: lower --first-seed or --count.");
  if (shard !== null && shard.index > shard.of)
    throw new ProjectError(`there is no shard ${shard.index} of ${shard.of}.`);
  if (split.val + split.test > 1) throw new ProjectError("the shares of val and test sum to more than 1.");
  const resolution = request.resolution ?? info.resolution;
  if (resolution > info.resolution)
    throw new GeneratorError(
      `the generator's images have ${info.resolution} pixels a side; --resolution ${resolution} is more`,
    );
  return {
    networkSha256: project.networkSha256,
    family: info.family,
    labels,
    recipeSha256,
    latent: project.latent,
    class: project.class,
    truncationPsi: request.truncationPsi ?? project.truncationPsi,
    truncationCutoff: project.truncationCutoff,
    noiseMode: project.noiseMode,
    layers: project.layers,
    generatorResolution: info.resolution,
    blockSize: samplesPerRun(info.resolution),
    resolution,
    imageFormat,
    quality,
    firstSeed,
    count,
    shard,
    ignoreMargin,
    filter,
    split,
  };
}

/** A new dataset in an empty folder, or the one that an earlier run of the same request left. */
async function openFolder(folder: string, file: DatasetFile): Promise<void> {
  const before = await loadDataset(folder);
  if (before === undefined) {
    const foreign = (await listFolder(folder)).filter((name) => name !== ".lock" && !name.endsWith(".tmp"));
    if (foreign.length > 0)
      throw new ProjectError(
        `${folder} is not empty and holds no dataset (${foreign.slice(0, 3).join(", ")}). Choose an empty or new --outdir.`,
      );
  } else {
    const changed = datasetDifferences(before.settings, file.settings);
    if (changed.length > 0)
      throw new ProjectError(
        `${folder} belongs to another dataset: ${changed.join("; ")}. Repeat the command that began it, or choose another --outdir.`,
      );
  }
  if (before?.settings.count !== file.settings.count) await saveDataset(folder, file);
  for (const sub of [".", "images", "masks"]) await removeTemporaries(join(folder, sub));
}

/** Share of the machine's memory that the workers' inner maps may take. */
const MEMORY_SHARE = 0.4;
/** Memory of a generator's run beside the maps that are asked for: buffers of all other layers, weights, score maps. */
const OVERHEAD = 6;

/** One worker a core where memory allows it: a thread with its own generator wastes nothing on sharing out small operators. */
function workerCount({ layers, resolution }: GeneratorInfo, names: readonly string[], threads: number): number {
  const batch = samplesPerRun(resolution);
  const maps = layers.filter((l) => names.includes(l.name)).reduce((sum, l) => sum + l.channels * l.resolution ** 2, 0);
  const fitting = Math.floor((totalmem() * MEMORY_SHARE) / (maps * 4 * batch * OVERHEAD));
  return Math.max(1, Math.min(threads, fitting));
}
