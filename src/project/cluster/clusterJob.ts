import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { z } from "zod";
import type { Generator } from "../../gan/generator.ts";
import { resolveProvider } from "../../runtime/node/providers.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { type OpenedNetwork, openNetwork } from "../network/network.ts";
import { EXTRACTOR_FILE, openPhotoExtractor, type PhotoExtractor } from "../network/photoExtractor.ts";
import { type ReportFiles, writeReport } from "../report/writeReport.ts";
import { defineJob } from "../requests/request.ts";
import { openProjectNetwork } from "../sampling/projectFeatures.ts";
import { samplePart } from "../sampling/samplePart.ts";
import { type Shard, shardText } from "../shards/shard.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { locked, withLock } from "../storage/lock.ts";
import { versions } from "../storage/versions.ts";
import { clusterProject } from "./clusterProject.ts";
import { type ClusterRequest, clusterRequest, reportRequest } from "./options.ts";
import { openOrCreateProject, openProject, type Project } from "./project.ts";
import { checkSize, settle, storedBytes } from "./request.ts";
import type { ShardWorkers } from "./workers/openShards.ts";

/** What a finished run leaves. */
export interface ClusterSummary extends ReportFiles {
  readonly folder: string;
}

/** What one part of the sampling leaves. */
export interface ClusterPart {
  readonly folder: string;
  /** "3/16" */
  readonly part: string;
  /** Images of this part. */
  readonly images: number;
  /** What their features take on disk, and those of all images, until the tree is there. */
  readonly bytes: number;
  readonly bytesOfAll: number;
}

/** What a whole run leaves; what a part does, where one is asked for. */
export interface ClusterJob {
  (request: ClusterRequest & { readonly shard?: null }, job?: JobOptions): Promise<ClusterSummary>;
  (request: ClusterRequest, job?: JobOptions): Promise<ClusterSummary | ClusterPart>;
}

/** How long a part waits for another that begins the project at the same moment. */
const SECONDS_OF_OTHERS = 60;

/**
 * The main job: samples a generator, clusters its inner maps, and writes the merge tree, sheets and the report into a
 * project folder. Continues what an earlier run of the same request left there. Where a shard is asked for, only samples that
 * part of the images, into the same folder.
 */
export const clusterJob = defineJob(clusterRequest, async (request, job): Promise<ClusterSummary | ClusterPart> => {
  const threads = request.threads ?? availableParallelism();
  const { outdir, command, shard } = request;
  if (shard !== null && (request.workers ?? request.queue ?? request.shards) !== null)
    throw new ProjectError(
      "--shard samples a part of the features into the project; with --workers, --queue or --shards features stay where they are computed. Give one of them.",
    );
  job.onProgress?.({ phase: "open the generator", done: 0, total: 1 });
  const { network, images, prepare } = await openClustered(request, { threads, ...job });
  try {
    const settings = settle(request, network, images);
    checkSize(settings, network.generator.info);
    job.onProgress?.({
      phase: "open the generator",
      done: 1,
      total: 1,
      note: `${network.generator.info.family} on ${network.provider}`,
    });
    const open = async (): Promise<Project> => {
      // What continues the run is the command without the part.
      const origin = { command: command.replace(/ --shard[ =]\S+/, ""), family: network.generator.info.family };
      const opened = await openOrCreateProject(outdir, settings, { ...origin, versions: versions() });
      await prepare();
      return opened;
    };
    if (shard !== null) {
      const project = await locked(outdir, open, { waitSeconds: SECONDS_OF_OTHERS });
      return await samplePartOf(project, network.generator, shard, job);
    }
    return await locked(outdir, async () => {
      const project = await clusterProject(await open(), network, {
        threads,
        provider: network.provider,
        ...(request.deviceMemory === null ? {} : { deviceMemory: request.deviceMemory }),
        keepFeatures: request.keepFeatures,
        workers: workersOf(request),
        ...job,
      });
      return { folder: outdir, ...(await writeReport(project, network, { threads, ...job })) };
    });
  } finally {
    await network.generator.dispose();
  }
}) as ClusterJob;

async function samplePartOf(
  { folder, file }: Project,
  generator: Generator,
  shard: Shard,
  job: JobOptions,
): Promise<ClusterPart> {
  const { settings, complete } = file;
  const part = shardText(shard);
  if (complete) throw new ProjectError(`${folder} is clustered already: nothing is left to do for part ${part}.`);
  if (settings.shards !== null)
    throw new ProjectError(
      `${folder} was begun with --shards ${settings.shards}: whoever computes on them samples them. Choose another --outdir.`,
    );
  const mine = versions();
  for (const name of ["klish", "onnxruntime-node"])
    if (file.versions[name] !== mine[name])
      throw new ProjectError(
        `${folder} was begun with ${name} ${file.versions[name]}, this is ${mine[name]}: another version may round otherwise. Install one version everywhere, or choose another --outdir.`,
      );
  const images = await samplePart(folder, settings, generator, { shard, ...job });
  const bytesOf = (count: number): number => storedBytes(settings, generator.info, count);
  return { folder, part, images, bytes: bytesOf(images), bytesOfAll: bytesOf(settings.seeds.length) };
}

/** Who is asked to hold the features. */
function workersOf({ workers, queue, root }: z.output<typeof clusterRequest>): ShardWorkers {
  if (workers !== null && queue !== null)
    throw new ProjectError("--workers starts processes here, --queue has workers elsewhere: give one of them.");
  if (queue !== null) return { queue, root };
  return workers === null ? "this process" : { processes: workers };
}

interface Clustered {
  readonly network: OpenedNetwork;
  /** How many images it has, or is asked for. */
  readonly images: number;
  /** Writes what the project needs to open it again. */
  readonly prepare: () => Promise<void>;
}

/** What is clustered: a generator, or photos through an extractor. */
async function openClustered(
  {
    network: file,
    images,
    outdir,
    provider: choice,
    latent,
    extractorSize: size,
    extractorRange: range,
  }: z.output<typeof clusterRequest>,
  { threads, ...job }: JobOptions & { readonly threads: number },
): Promise<Clustered> {
  if (typeof images === "number") {
    const network = await openNetwork(file, { runtime: ortNode, provider: choice, threads, latent, ...job });
    return { network, images, prepare: async () => undefined };
  }
  const path = join(resolve(outdir), EXTRACTOR_FILE);
  const extractor: PhotoExtractor = {
    klish: "photo-extractor",
    version: 1,
    model: resolve(file),
    photos: resolve(images),
    size,
    range,
  };
  const provider = await resolveProvider(choice);
  const { generator, sha256, photos } = await openPhotoExtractor(extractor, {
    runtime: ortNode,
    provider,
    threads,
    ...job,
  });
  return {
    network: { generator, sha256, file: path, path, provider },
    images: photos,
    prepare: () => writeAtomic(path, `${JSON.stringify(extractor, null, 2)}\n`),
  };
}

/** Writes sheets and report of a finished project again. */
export const reportJob = defineJob(reportRequest, async (request, job): Promise<ClusterSummary> => {
  const { outdir, provider } = request;
  const threads = request.threads ?? availableParallelism();
  const project = await openProject(outdir);
  const { complete } = project.file;
  if (!complete)
    throw new ProjectError(
      `${outdir}: the run is not finished. Continue it with the command that began it: ${project.file.command}`,
    );
  const network = await openProjectNetwork(project, { network: request.network, provider, threads, ...job });
  try {
    return await withLock(outdir, async () => ({
      folder: outdir,
      ...(await writeReport(project, network, { threads, ...job })),
    }));
  } finally {
    await network.generator.dispose();
  }
});
