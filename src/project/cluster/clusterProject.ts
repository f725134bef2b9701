import { klish } from "../../cluster/klish/klish.ts";
import type { KlishStart } from "../../cluster/klish/klishOptions.ts";
import { NO_SOLVERS, type SvmSolvers } from "../../cluster/svm/solvers.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { subset } from "../../pixels/denseFeatures.ts";
import { type FeatureBlocks, rowBlocks } from "../../pixels/device/featureBlocks.ts";
import { type GraphFeatures, graphFeatures } from "../../pixels/device/graphFeatures.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import { withSharedPasses } from "../../pixels/threads/sharedPasses.ts";
import { ortBlas } from "../../runtime/node/ortBlas.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import { type Provider, RuntimeError } from "../../runtime/session.ts";
import type { JobOptions, Progress } from "../../tensor/progress.ts";
import type { OpenedNetwork } from "../network/network.ts";
import { dropBatches } from "../sampling/featureCache.ts";
import { startHelpers } from "../sampling/featureHelpers.ts";
import { onDisk, openFeatures } from "../sampling/featureSource.ts";
import { sampleToFiles } from "../sampling/sampleToFiles.ts";
import { sampleToMemory } from "../sampling/sampleToMemory.ts";
import { ProjectError } from "../storage/files.ts";
import { loadTree, type Project, type ProjectFile, saveProject, saveTree } from "./project.ts";
import { clusteredPixels } from "./request.ts";
import { dropStart, loadStart, saveStart } from "./startFile.ts";
import { openShards, type ShardWorkers } from "./workers/openShards.ts";
import { isSharded, type ShardedSettings } from "./workers/recipe.ts";

/** A kill loses at most this much of the merging. */
const SECONDS_BETWEEN_CHECKPOINTS = 5;
/** And of what comes before. */
const SECONDS_BETWEEN_STARTS = 10;

/** Pixels on disk that a thread passes over at a time: some seconds' work at the paper's size. */
const PIECE_PIXELS = 1 << 19;

/** What features may take of a GPU's memory, unless the user says: it cannot be asked. */
const DEVICE_BYTES = 4e9;

interface ClusterOptions extends JobOptions {
  readonly threads: number;
  /** Where passes over the pixels run. Default "cpu". */
  readonly provider?: Provider;
  /** Bytes that the features may take of its memory. Default DEVICE_BYTES. */
  readonly deviceMemory?: number;
  /** Leave the features on disk when they are there. */
  readonly keepFeatures: boolean;
  /** Who holds the features of a run in shards. Default: this process. */
  readonly workers?: ShardWorkers;
}

/** Samples and clusters what is not done yet. Returns the finished project. */
export async function clusterProject(
  project: Project,
  network: OpenedNetwork,
  options: ClusterOptions,
): Promise<Project> {
  if (project.file.complete) return project;
  const clock = phaseClock(options);
  const { settings } = project.file;
  const tree = isSharded(settings)
    ? await clusterShards(project, settings, network, options, clock.job)
    : await clusterHere(project, network, options, clock.job);
  await saveTree(project, tree);
  const done = await saveProject({
    ...project,
    file: { ...project.file, timings: [...project.file.timings, ...clock.timings()], complete: true },
  });
  await dropStart(project);
  if (!(options.keepFeatures && settings.precision === "half")) await dropBatches(project.folder);
  return done;
}

/** The tree of a run in shards. */
async function clusterShards(
  project: Project,
  settings: ShardedSettings,
  network: OpenedNetwork,
  { threads, workers = "this process" }: ClusterOptions,
  job: JobOptions,
): Promise<MergeTree> {
  const { features, close } = await openShards(settings, network, { threads, workers, ...job });
  try {
    return await clusterPixels(project, features, { solvers: NO_SOLVERS, resumable: true }, job);
  } finally {
    await close();
  }
}

/** The tree of a run whose features this process has, in memory or on disk. */
async function clusterHere(
  project: Project,
  { generator }: OpenedNetwork,
  options: ClusterOptions,
  job: JobOptions,
): Promise<MergeTree> {
  const { settings } = project.file;
  if ((options.workers ?? "this process") !== "this process")
    throw new ProjectError(
      `${project.folder} was begun without workers, and is continued so: leave --workers and --queue out, or choose another --outdir.`,
    );
  const chosen = clusteredPixels(settings);
  // Chosen pixels are few and made dense: the products' own threads serve them.
  const helping = chosen === undefined ? options.threads - 1 : 0;
  const source =
    settings.precision === "half"
      ? await sampleToFiles(project.folder, settings, generator, job)
      : await sampleToMemory(project.folder, settings, generator, { shared: helping > 0, ...job });
  const { helpers, close } = startHelpers(source, helping);
  const opened = openFeatures(source, ortBlas({ threads: helping > 0 ? 1 : options.threads }));
  let device: GraphFeatures | undefined;
  try {
    const all = opened.features;
    let pixels: Pixels;
    if (chosen !== undefined) pixels = await subset(all, chosen);
    else if (onDisk(source))
      pixels = withSharedPasses(all, helpers, { piece: PIECE_PIXELS, blas: ortBlas({ threads: options.threads }) });
    else pixels = withSharedPasses(all, helpers);
    const blocks = chosen === undefined ? opened.blocks : rowBlocks(pixels);
    device = await moveToDevice(pixels, blocks, settings.initialClusters, options, job);
    // On disk, SVMs are solved on samples in this thread's memory. Merges have passes of their own: a device's numbers are not the threads'.
    const solving = onDisk(source) ? [] : helpers;
    const solvers = { workingSets: solving, merges: device === undefined ? solving : [] };
    // What comes before the merges takes long where pixels are read from disk.
    const resumable = onDisk(source) && chosen === undefined;
    return await clusterPixels(project, device?.features ?? pixels, { solvers, resumable }, job);
  } finally {
    await device?.close();
    await close();
    await opened.close();
  }
}

/** The features with passes on the provider; undefined on the CPU, and where the provider cannot serve, of which a note tells. */
async function moveToDevice(
  features: Pixels,
  blocks: FeatureBlocks,
  classes: number,
  { provider = "cpu", deviceMemory = DEVICE_BYTES }: ClusterOptions,
  job: JobOptions,
): Promise<GraphFeatures | undefined> {
  if (provider === "cpu") return undefined;
  try {
    return await graphFeatures(features, blocks, {
      runtime: ortNode,
      provider,
      classes,
      resident: deviceMemory,
      ...job,
    });
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    job.onProgress?.({ phase: "cluster on the CPU", done: 0, total: 1, note: error.message });
    return undefined;
  }
}

async function clusterPixels(
  project: Project,
  pixels: Pixels,
  { solvers, resumable }: { readonly solvers: SvmSolvers; readonly resumable: boolean },
  job: JobOptions,
): Promise<MergeTree> {
  const { initialClusters, seed, restarts, criterion, balance, filter, tolerance, minClusters, minIou } =
    project.file.settings;
  const resume = await loadTree(project);
  const resumeStart = resumable && resume === undefined ? await loadStart(project, pixels) : undefined;
  let saved = performance.now();
  let started = Number.NEGATIVE_INFINITY;
  let stage = "";
  const onStart = async (start: KlishStart): Promise<void> => {
    // A new stage is always saved: the next word of it may come much later.
    const now = Object.keys(start).join();
    if (now === stage && performance.now() - started < SECONDS_BETWEEN_STARTS * 1000) return;
    await saveStart(project, start);
    stage = now;
    started = performance.now();
  };
  return klish(pixels, {
    initialClusters,
    seed,
    restarts,
    criterion,
    ...(balance === "auto" ? {} : { balance }),
    filter,
    tolerance,
    minClusters,
    solvers,
    ...(minIou === null ? {} : { minIou }),
    ...(resume === undefined ? {} : { resume }),
    ...(resumeStart === undefined ? {} : { resumeStart }),
    ...job,
    ...(resumable && { onStart }),
    onCheckpoint: async (tree) => {
      const first = tree.steps.length <= 1;
      if (!first && performance.now() - saved < SECONDS_BETWEEN_CHECKPOINTS * 1000) return;
      await saveTree(project, tree);
      saved = performance.now();
    },
  });
}

/** Passes progress on and notes how long each phase took. */
function phaseClock({ onProgress, signal }: JobOptions): { job: JobOptions; timings: () => ProjectFile["timings"] } {
  const seconds = new Map<string, number>();
  let last = performance.now();
  return {
    job: {
      onProgress(progress: Progress) {
        const now = performance.now();
        seconds.set(progress.phase, (seconds.get(progress.phase) ?? 0) + (now - last) / 1000);
        last = now;
        onProgress?.(progress);
      },
      ...(signal === undefined ? {} : { signal }),
    },
    timings: () => [...seconds].map(([phase, s]) => ({ phase, seconds: Math.round(s * 100) / 100 })),
  };
}
