/** Projects as pages see them, and their trees, read once while they stay as they are. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { MergeTree } from "../cluster/tree/mergeTree.ts";
import { type ClusterIdentity, clusterIdentity } from "../project/cluster/identity.ts";
import { loadTree, openProject, type Project } from "../project/cluster/project.ts";
import { loadRecipe } from "../project/labels/recipeFile.ts";
import { withoutSecrets } from "../project/network/address.ts";
import { reportJson } from "../project/report/render.ts";
import { suggestedK } from "../project/report/suggestedK.ts";
import { visible } from "../text/escape.ts";
import type { ProjectSummary } from "./api.ts";
import { stampOf } from "./places/stamp.ts";
import { fileUrl } from "./places/workspace.ts";
import { Refusal } from "./web/refusal.ts";

/** A clustered project. */
export interface OpenedProject {
  readonly project: Project;
  readonly tree: MergeTree;
  readonly identity: ClusterIdentity;
  /** The K to begin with. */
  readonly suggestedK: number;
}

/** What decides an opened project. */
const FILES = ["project.json", "tree.safetensors", "colors.json", "editedFrom.json"];
/** Trees have megabytes. */
const MOST_OPEN = 8;

/** Opens projects. */
export type OpenProject = (folder: string) => Promise<OpenedProject>;

/** Opens projects and keeps the last few, until a file of theirs changes. */
export function projectCache(): OpenProject {
  const kept = new Map<string, { readonly stamp: string; readonly opened: Promise<OpenedProject> }>();
  return async (folder) => {
    const stamp = (await Promise.all(FILES.map((name) => stampOf(join(folder, name))))).join();
    const known = kept.get(folder);
    if (known?.stamp === stamp) return known.opened;
    const opened = open(folder);
    kept.delete(folder);
    kept.set(folder, { stamp, opened });
    opened.catch(() => kept.delete(folder));
    if (kept.size > MOST_OPEN) kept.delete(kept.keys().next().value as string);
    return opened;
  };
}

async function open(folder: string): Promise<OpenedProject> {
  const project = await openProject(folder);
  const tree = await loadTree(project);
  if (tree === undefined)
    throw new Refusal(409, `${folder} is not clustered yet. Continue it with: ${visible(project.file.command)}`);
  return { project, tree, identity: await clusterIdentity(project, tree), suggestedK: await suggestedK(project, tree) };
}

/** Answer of `GET /api/project`. */
export async function projectSummary(folder: string, at: string, openProjects: OpenProject): Promise<ProjectSummary> {
  const { project, tree, suggestedK: suggested } = await openProjects(folder);
  const { settings, command, complete } = project.file;
  const recipe = await loadRecipe(project, tree);
  const samples = (await readdir(join(folder, "samples")).catch(() => [])).sort();
  return {
    ...{ at, complete, command: withoutSecrets(command), network: withoutSecrets(settings.network) },
    ...{ resolution: settings.resolution, initialClusters: tree.initialClusters },
    minClusters: tree.steps[tree.steps.length - 1].k,
    openAt: recipe?.state.k ?? suggested,
    report: (await stampOf(join(folder, "report.html"))) !== "-",
    pictures: samples.flatMap((name) => {
      const seed = /^seed(\d+)\.png$/.exec(name)?.[1];
      return seed === undefined ? [] : [{ seed: Number(seed), url: fileUrl(at, "samples", name) }];
    }),
  };
}

/** The data of a project's report, as JSON. Throws Refusal where it has none. */
export async function reportOf(folder: string): Promise<string> {
  const page = await readFile(join(folder, "report.html"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
    return undefined;
  });
  if (page === undefined) throw new Refusal(404, "this project has no report yet: make it with the job “report”.");
  const json = reportJson(page);
  if (json !== undefined)
    try {
      JSON.parse(json);
      return json;
    } catch {
      // Damaged: made again it is whole.
    }
  throw new Refusal(
    409,
    "report.html of this project is damaged or of another version: make it again with the job “report”.",
  );
}
