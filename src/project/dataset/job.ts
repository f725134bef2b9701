import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import type { z } from "zod";
import { formatNamed } from "../../dataset/formats/index.ts";
import { GeneratorError } from "../../gan/errors.ts";
import type { GeneratorInfo } from "../../gan/generator.ts";
import { samplesPerRun } from "../../gan/networkGenerator.ts";
import { makeInOrder } from "../../runtime/node/pool.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { labeller } from "../labels/recipeLabels.ts";
import { openNetwork, storedNetwork } from "../network/network.ts";
import { isShipped } from "../network/shipped.ts";
import { type MachinesSummary, queueNote } from "../queue/machines.ts";
import { byMakers, type Makers } from "../queue/makers.ts";
import type { QueueState } from "../queue/taskQueue.ts";
import { defineJob } from "../requests/request.ts";
import type { SamplerSource } from "../sampling/sampler.ts";
import { shardText } from "../shards/shard.ts";
import { openBucket } from "../storage/bucket.ts";
import { listFolder, ProjectError, writeAtomic } from "../storage/files.ts";
import { isForeign, locked } from "../storage/lock.ts";
import { blockMaker } from "./blocks/block.ts";
import type { Block, BlockMaker, DatasetWorkerStart, MadeBlock } from "./blocks/protocol.ts";
import { queuedBlocks } from "./blocks/queued.ts";
import { alreadyMade, blocks, repair } from "./blocks/resume.ts";
import { fittingMakers } from "./blocks/task.ts";
import { threadMaker } from "./blocks/thread.ts";
import { openAgreements } from "./clean/agreement.ts";
import { calibrate } from "./clean/calibrate.ts";
import { type Critic, criticPath, encodeCritic, findCritic, loadCritic } from "./clean/critic.ts";
import { type LabelSet, openLabelSets, sharedGenerator } from "./labelSets.ts";
import { continueManifest } from "./manifest.ts";
import { datasetRequest } from "./options.ts";
import { writeOverview } from "./overview.ts";
import { logRun, size } from "./runs.ts";
import {
  type DatasetFile,
  type DatasetSettings,
  datasetDifferences,
  loadDataset,
  openDataset,
  saveDataset,
  seedRange,
} from "./settings.ts";
import { uploadShard } from "./shards/bucket.ts";
import type { Cleaned } from "./statistics.ts";
import { type ExportSummary, removeFormats, writeFormats, writeLists } from "./store.ts";

/** What a run of `klish dataset` leaves. */
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
  readonly exports: readonly ExportSummary[];
  /** What --drop-implausible and --agree-with left out; null where they were not asked for. */
  readonly cleaned: Cleaned;
  /** Where the part was put, with --upload; null without. */
  readonly uploaded: string | null;
  /** Who made it, with --queue; null without. */
  readonly machines: MachinesSummary | null;
}

/** Makes a dataset, or continues one. */
export const datasetJob = defineJob(datasetRequest, async (request, job): Promise<DatasetSummary> => {
  const folder = resolve(request.outdir);
  const threads = request.threads ?? availableParallelism();
  job.onProgress?.({ phase: "open the generator", done: 0, total: 1 });
  for (const format of request.formats) formatNamed(format);
  if (request.upload !== null) {
    if (request.shard === null) throw new ProjectError("--upload is for parts: say which one, with --shard.");
    // What is wrong with it is better known before the work than after it.
    await openBucket(request.upload);
  }
  const sets = await openLabelSets(request.projects, request.recipes, { ...request, threads, ...job });
  const generator = sharedGenerator(
    sets.map((set) => set.parts),
    request.truncationPsi,
  );
  const place = await storedNetwork(request.network, generator.network, generator.networkSha256);
  const network = await openNetwork(place, {
    runtime: ortNode,
    provider: request.provider,
    threads,
    latent: generator.latent,
    ...(job.onProgress && { onProgress: job.onProgress }),
    ...(job.signal && { signal: job.signal }),
  });
  const { info } = network.generator;
  await network.generator.dispose();
  if (request.agree.length > 0 && sets.length > 1)
    throw new ProjectError("--agree-with compares with one way to label: give one --project and one --recipe.");
  const agreements = await openAgreements(request.agree, sets[0], { ...request, threads, ...job });
  const asked = settle(request, generator, info, sets);
  const source: SamplerSource = {
    ...asked,
    network: network.file,
    provider: network.provider,
    // Each worker opens the generator: none has to try it again.
    ...(network.signature && { signature: network.signature }),
    threads,
  };
  const { critic, plausibility } = await judging(folder, request.dropImplausible, asked, source, job);
  const settings: DatasetSettings = {
    ...asked,
    ...(plausibility && { plausibility }),
    ...(agreements.length > 0 && { agreement: agreements.map((other) => other.settings) }),
  };
  job.onProgress?.({ phase: "open the generator", done: 1, total: 1, note: `${info.family} on ${network.provider}` });
  const classes = settings.labelSets.map((set) => [...labeller(set.labels).classes]);
  for (const name of settings.filter.require)
    if (!classes.flat().some((c) => c.name === name))
      throw new ProjectError(
        `no class is called "${name}"; there are ${[...new Set(classes.flat().map((c) => c.name))].join(", ")}.`,
      );

  return locked(folder, async () => {
    await openFolder(folder, { klish: "dataset", version: 1, settings, classes });
    if (critic !== undefined) await writeAtomic(criticPath(folder), encodeCritic(critic).bytes);
    const memory = memoryOf(
      info,
      sets.flatMap((set) => set.settings.layers),
    );
    const workers = network.provider === "cpu" ? fittingMakers(memory, threads) : 1;
    const start: DatasetWorkerStart = {
      folder,
      settings,
      source: { ...source, threads: Math.max(1, Math.floor(threads / workers)) },
      classifiers: [...sets.map((set) => set.classifier), ...agreements.map((other) => other.classifier)],
      ...(critic && { critic }),
    };
    const open = async (): Promise<Makers<Block, MadeBlock>> => {
      if (request.queue === null) return ownMakers(start, workers);
      const { projects, agree, provider } = request;
      const { path } = network;
      const places = {
        folder,
        projects,
        agree,
        network: isShipped("generator", path) ? { shipped: path } : { path: network.file },
      };
      const file = await openDataset(folder);
      return queuedBlocks({ queue: request.queue, root: request.root }, places, file, { provider, memory }, job.signal);
    };
    const { samples, bytes, made, seconds, machines } = await makeMissing(start, open, job);
    if (made > 0)
      await logRun(folder, {
        command: request.command,
        made,
        seconds,
        workers: machines === null ? workers : Math.max(1, Object.keys(machines.done).length),
        projects: sets.map((set) => resolve(set.parts.folder)),
        network: network.path,
        ...(request.agree.length > 0 && { agree: request.agree.map((other) => resolve(other)) }),
      });
    job.signal?.throwIfAborted();
    await writeLists(folder, await openDataset(folder));
    const { overview, kept, cleaned } = await writeOverview(folder, job);
    const exports = await writeFormats(folder, settings, request.formats, job);
    const uploaded = request.upload === null ? null : await uploadShard(folder, request.upload, job);
    return { folder, overview, samples, kept, bytes, made, seconds, exports, cleaned, uploaded, machines };
  });
});

function ownMakers(start: DatasetWorkerStart, workers: number): Makers<Block, MadeBlock> {
  // One generator needs no thread beside this one, which is a job's own already.
  const open = workers === 1 ? [blockMaker(start)] : Array.from({ length: workers }, () => threadMaker(start));
  return {
    makers: open.map((m) => m.make),
    async dispose() {
      await Promise.all(open.map((m) => m.dispose()));
    },
  };
}

/** Makes the samples that a folder lacks: those that were damaged, then those after the last. */
async function makeMissing(
  { folder, settings }: DatasetWorkerStart,
  open: () => Promise<Makers<Block, MadeBlock>>,
  { onProgress, signal }: JobOptions,
): Promise<{ samples: number; bytes: number; made: number; seconds: number; machines: MachinesSummary | null }> {
  const range = seedRange(settings);
  const done = await alreadyMade(folder, settings);
  const next = range.first + done.samples;
  let { samples, bytes } = done;
  const complete = next >= range.end && done.damaged.length === 0;
  // What was exported of a smaller dataset must not pass for this one, should the run end before the exports.
  if (!complete) await removeFormats(folder, settings);
  const manifest = await continueManifest(folder, done.manifestBytes);
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const progress = (queue?: QueueState): void => {
    const rate = samples > done.samples ? `${((samples - done.samples) / seconds()).toFixed(1)} images/s, ` : "";
    const total = range.end - range.first;
    onProgress?.({
      phase: "make the dataset",
      done: samples,
      total,
      note: `${rate}${size(bytes)}${queue === undefined ? "" : `, ${queueNote(queue)}`}`,
    });
  };
  const stop = (): boolean => signal?.aborted === true;
  const work = async (makers: readonly BlockMaker[], tell: () => void): Promise<void> => {
    const finished = async (made: MadeBlock): Promise<void> => {
      await manifest.append(made.lines);
      samples += made.samples;
      bytes += made.bytes;
      tell();
    };
    await repair(done.damaged, settings, makers, stop);
    if (!stop()) await makeInOrder(blocks(next, range.end, settings.blockSize), makers, finished, stop);
  };
  let machines: MachinesSummary | null = null;
  progress();
  try {
    if (!complete) machines = await byMakers(open, work, progress);
  } finally {
    await manifest.close();
  }
  return {
    samples,
    bytes,
    made: samples - done.samples,
    seconds: seconds(),
    machines,
  };
}

/**
 * Who judges images, and below which score they are left out. A data set that is continued keeps both: the run that trained the generator
 * may have gone on since.
 */
async function judging(
  folder: string,
  share: number | null,
  settings: DatasetSettings,
  source: SamplerSource,
  job: JobOptions,
): Promise<{ readonly critic?: Critic; readonly plausibility?: NonNullable<DatasetSettings["plausibility"]> }> {
  if (share === null) return {};
  const before = (await loadDataset(folder))?.settings;
  if (before?.plausibility?.share === share && before.networkSha256 === settings.networkSha256)
    return { critic: await loadCritic(folder, before.plausibility.criticSha256), plausibility: before.plausibility };
  const critic = await findCritic(source.network, settings.generatorResolution);
  return { critic, plausibility: await calibrate(critic, { ...source, resolution: null }, settings, share, job) };
}

function settle(
  request: z.output<typeof datasetRequest>,
  generator: ReturnType<typeof sharedGenerator>,
  info: GeneratorInfo,
  sets: readonly LabelSet[],
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
    networkSha256: generator.networkSha256,
    family: info.family,
    labelSets: sets.map((set) => set.settings),
    latent: generator.latent,
    class: generator.class,
    truncationPsi: generator.truncationPsi,
    truncationCutoff: generator.truncationCutoff,
    noiseMode: generator.noiseMode,
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
    const foreign = (await listFolder(folder)).filter(isForeign);
    if (foreign.length > 0)
      throw new ProjectError(
        `${folder} is not empty and holds no dataset (${foreign.slice(0, 3).join(", ")}). Choose an empty or new --outdir.`,
      );
  } else {
    const changed = datasetDifferences(before.settings, file.settings);
    const { shard } = file.settings;
    const otherwise = datasetDifferences({ ...before.settings, shard }, file.settings);
    if (shard !== null && before.settings.shard === null && otherwise.length === 0)
      throw new ProjectError(
        `${folder} holds the whole dataset already: its parts are joined, and nothing is left to do for part ${shardText(shard)}.`,
      );
    if (changed.length > 0)
      throw new ProjectError(
        `${folder} belongs to another dataset: ${changed.join("; ")}. Repeat the command that began it, or choose another --outdir.`,
      );
  }
  if (before?.settings.count !== file.settings.count) await saveDataset(folder, file);
}

/** Memory of a generator's run apart from the requested maps: buffers of all other layers, weights, score maps. */
const OVERHEAD = 6;

/** Bytes that one generator needs, whose maps of these layers are asked for. */
function memoryOf({ layers, resolution }: GeneratorInfo, names: readonly string[]): number {
  const maps = layers.filter((l) => names.includes(l.name)).reduce((sum, l) => sum + l.channels * l.resolution ** 2, 0);
  return maps * 4 * samplesPerRun(resolution) * OVERHEAD;
}
