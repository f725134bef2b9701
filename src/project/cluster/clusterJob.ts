import { availableParallelism } from "node:os";
import { ortNode } from "../../runtime/ortNode.ts";
import { openNetwork } from "../network/network.ts";
import { type ReportFiles, writeReport } from "../report/writeReport.ts";
import { defineJob } from "../requests/request.ts";
import { openProjectNetwork } from "../sampling/projectFeatures.ts";
import { ProjectError } from "../storage/files.ts";
import { locked, withLock } from "../storage/lock.ts";
import { versions } from "../storage/versions.ts";
import { clusterProject } from "./clusterProject.ts";
import { clusterRequest, reportRequest } from "./options.ts";
import { openOrCreateProject, openProject } from "./project.ts";
import { checkSize, settle } from "./request.ts";

/** What a finished run leaves. */
export interface ClusterSummary extends ReportFiles {
  readonly folder: string;
}

/**
 * The main job: samples a generator, clusters its inner maps, and writes the merge tree, sheets and the report into a
 * project folder. Continues what an earlier run of the same request left there.
 */
export const clusterJob = defineJob(clusterRequest, async (request, job): Promise<ClusterSummary> => {
  const threads = request.threads ?? availableParallelism();
  const { provider, latent, outdir, command } = request;
  job.onProgress?.({ phase: "open the generator", done: 0, total: 1 });
  const network = await openNetwork(request.network, { runtime: ortNode, provider, threads, latent, ...job });
  try {
    const settings = settle(request, network);
    checkSize(settings, network.generator.info);
    job.onProgress?.({
      phase: "open the generator",
      done: 1,
      total: 1,
      note: `${network.generator.info.family} on ${network.provider}`,
    });
    return await locked(outdir, async () => {
      const origin = { command, family: network.generator.info.family, versions: versions() };
      const opened = await openOrCreateProject(outdir, settings, origin);
      const project = await clusterProject(opened, network.generator, {
        threads,
        provider: network.provider,
        ...(request.deviceMemory === null ? {} : { deviceMemory: request.deviceMemory }),
        keepFeatures: request.keepFeatures,
        ...job,
      });
      return { folder: outdir, ...(await writeReport(project, network, { threads, ...job })) };
    });
  } finally {
    await network.generator.dispose();
  }
});

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
