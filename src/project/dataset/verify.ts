import { readdir, readFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { hash32 } from "../../dataset/split.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { labeller } from "../labels/recipeLabels.ts";
import { isElsewhere, storedNetwork } from "../network/network.ts";
import { defineJob } from "../requests/request.ts";
import { openSampler } from "../sampling/sampler.ts";
import { ProjectError } from "../storage/files.ts";
import { filesOf } from "./blocks/resume.ts";
import { reopenAgreements } from "./clean/agreement.ts";
import { loadCritic, openCritic } from "./clean/critic.ts";
import { reopenClassifiers } from "./labelSets.ts";
import { type ManifestEntry, manifestLines } from "./manifest.ts";
import { verifyRequest } from "./options.ts";
import { readRuns } from "./runs.ts";
import { hashOf, makeSample } from "./sample.ts";
import { type DatasetFile, masksFolder, openDataset, seedRange } from "./settings.ts";

/** What `klish dataset verify` found. */
export interface Verification {
  readonly samples: number;
  readonly files: number;
  readonly remade: number;
  /** Path and what is wrong with it. */
  readonly faults: readonly { readonly path: string; readonly fault: string }[];
}

/** Recomputes the hash of every file, looks for missing and foreign ones, and makes some samples again. */
export const verifyJob = defineJob(verifyRequest, async (request, { onProgress, signal }): Promise<Verification> => {
  const { dataset: folder, remake } = request;
  const file = await openDataset(folder);
  const { first, end } = seedRange(file.settings);
  const faults: { path: string; fault: string }[] = [];
  const listed = new Set<string>();
  const chosen: { entry: ManifestEntry; key: number }[] = [];
  let samples = 0;
  const report = (): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: "hash the files", done: samples, total: end - first });
  };
  report();
  for await (const { entry } of manifestLines(folder, file.settings)) {
    if (entry.seed !== first + samples) {
      faults.push({
        path: "manifest.jsonl",
        fault: `line ${samples + 1} has seed ${entry.seed}, expected ${first + samples}`,
      });
      break;
    }
    samples++;
    for (const { path, bytes, sha256 } of filesOf(entry, file.settings)) {
      listed.add(path);
      const content = await readFile(join(folder, path)).catch(() => undefined);
      if (content === undefined) faults.push({ path, fault: "missing" });
      else if (content.length !== bytes) faults.push({ path, fault: `${content.length} bytes, expected ${bytes}` });
      else if (hashOf(content).sha256 !== sha256) faults.push({ path, fault: "its content was changed" });
    }
    if (entry.rejected === undefined && remake > 0) {
      chosen.push({ entry, key: hash32(`remake ${entry.name}`) });
      // Enough to choose from; the list must not grow with the dataset.
      if (chosen.length > 2 * remake) chosen.sort((a, b) => a.key - b.key).length = remake;
    }
    report();
  }
  if (samples < end - first)
    faults.push({
      path: "manifest.jsonl",
      fault: `${samples} of ${end - first} samples: the dataset is not complete, or its end is damaged`,
    });
  const masks = file.settings.labelSets.map((_, set) => masksFolder(file.settings, set));
  for (const sub of ["images", ...masks])
    for (const name of (await readdir(join(folder, sub)).catch(() => [])).sort())
      if (!listed.has(`${sub}/${name}`)) faults.push({ path: `${sub}/${name}`, fault: "not in the manifest" });
  const again = chosen.sort((a, b) => a.key - b.key).slice(0, remake);
  if (again.length > 0)
    faults.push(
      ...(await remakeSamples(
        request,
        file,
        again.map((c) => c.entry),
        { onProgress, signal } as JobOptions,
      )),
    );
  return { samples, files: listed.size, remade: again.length, faults };
});

async function remakeSamples(
  request: z.output<typeof verifyRequest>,
  { settings }: DatasetFile,
  entries: readonly ManifestEntry[],
  { onProgress, signal }: JobOptions,
): Promise<{ path: string; fault: string }[]> {
  const last = (await readRuns(request.dataset)).at(-1);
  const projects = request.projects.length > 0 ? request.projects : last?.projects;
  if (projects === undefined)
    throw new ProjectError("the project's folder is not known: give it with --project, or --remake 0.");
  const elsewhere = request.projects.length > 0 ? undefined : projects.find(isElsewhere);
  if (elsewhere !== undefined)
    throw new ProjectError(
      `the project is said to be at ${elsewhere}, on another machine: if you trust that place, give it with --project.`,
    );
  const threads = request.threads ?? availableParallelism();
  const job = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  const { classifiers, parts } = await reopenClassifiers(settings, projects, { ...request, threads, ...job });
  const source = {
    ...settings,
    network: await storedNetwork(request.network, last?.network ?? parts.sampledAs.network, settings.networkSha256),
    provider: request.provider,
    threads,
  };
  const { plausibility } = settings;
  const agree = last?.agree ?? [];
  const remote = agree.find(isElsewhere);
  if (remote !== undefined)
    throw new ProjectError(`a clustering is said to be at ${remote}, on another machine: verify with --remake 0.`);
  const others = await reopenAgreements(settings, agree);
  const sampler = await openSampler(source, [...classifiers, ...others]);
  const critic =
    plausibility && (await openCritic(await loadCritic(request.dataset, plausibility.criticSha256), threads));
  const labellers = settings.labelSets.map((set) => labeller(set.labels));
  const faults: { path: string; fault: string }[] = [];
  try {
    for (const [i, entry] of entries.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ phase: "make samples again", done: i, total: entries.length });
      const size = settings.blockSize;
      const start = Math.floor(entry.seed / size) * size;
      const images = await sampler.sample(Array.from({ length: size }, (_, j) => start + j));
      const image = images[entry.seed - start];
      const score = plausibility && (await critic?.score([image.rgb], plausibility.deviation))?.[0];
      const made = await makeSample(entry.seed, image, settings, labellers, score);
      const now = filesOf(made.entry, settings);
      for (const [j, { path, sha256 }] of filesOf(entry, settings).entries())
        if (now[j]?.sha256 !== sha256) faults.push({ path, fault: "made again, it differs" });
    }
    onProgress?.({ phase: "make samples again", done: entries.length, total: entries.length });
  } finally {
    await sampler.dispose();
    await critic?.dispose();
  }
  return faults;
}
