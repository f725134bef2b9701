import { createHash } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { EXTRACTOR_RUN, isTrainingRun } from "../network/trainingRun.ts";
import { listFolder, notThere, ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { isForeign } from "../storage/lock.ts";
import { clusteredCount } from "./request.ts";
import { type ClusterSettings, clusterSettings, differences } from "./settings.ts";
import { decodeTree, encodeTree } from "./treeFile.ts";

const PROJECT_FILE = "project.json";
const FORMAT_VERSION = 1;
/** What was done to another project's tree; only where `klish edit save` made the project. */
export const EDITED_FROM = "editedFrom.json";

const timing = z.strictObject({ phase: z.string(), seconds: z.number() });
export type Timing = z.infer<typeof timing>;

const projectFile = z.strictObject({
  klish: z.literal(FORMAT_VERSION),
  settings: clusterSettings,
  /** The command line of the first run, to be shown. */
  command: z.string(),
  family: z.string(),
  versions: z.record(z.string(), z.string()),
  timings: z.array(timing),
  complete: z.boolean(),
});

/** The content of project.json. */
export type ProjectFile = z.infer<typeof projectFile>;

/**
 * A folder of open formats: project.json (settings, versions, timings), tree.json + tree.safetensors (the merge tree),
 * explained.json (R2 and R2rel at each K), colors.json (a colour for each cluster), features/ (inner maps, while the run lasts), samples/, sheets/ and report.html.
 */
export interface Project {
  readonly folder: string;
  readonly file: ProjectFile;
}

export const pathIn = ({ folder }: { folder: string }, ...names: readonly string[]): string => join(folder, ...names);

/** Reads the project in a folder. Throws ProjectError when there is none, or it is damaged. */
export async function openProject(folder: string): Promise<Project> {
  const file = await readProjectFile(folder);
  if (file === undefined && (await isTrainingRun(folder, EXTRACTOR_RUN)))
    throw new ProjectError(
      `${folder} is an extractor that was taught its classes, not a clustered project. klish label, klish dataset and klish evaluate labels take it.`,
    );
  if (file === undefined)
    throw await notThere(
      folder,
      `${folder} holds no klish project (${PROJECT_FILE} is missing)`,
      "Make a project with `klish cluster`.",
    );
  return { folder, file };
}

const readProjectFile = (folder: string): Promise<ProjectFile | undefined> =>
  readJsonFile(join(folder, PROJECT_FILE), projectFile, {
    what: "a project file",
    remedy: "Restore it, or start again in another folder.",
  });

/**
 * The project of a run: a new one in an empty folder, or the one that an earlier run with the same settings left.
 * Throws ProjectError when the folder holds another run or other files; nothing in it is touched then.
 */
export async function openOrCreateProject(
  folder: string,
  settings: ClusterSettings,
  { command, family, versions }: Pick<ProjectFile, "command" | "family" | "versions">,
): Promise<Project> {
  const file = await readProjectFile(folder);
  if (file !== undefined) {
    const changed = differences(file.settings, settings);
    if (changed.length > 0)
      throw new ProjectError(
        `${folder} belongs to another run: ${changed.join("; ")}. Repeat that run's options to continue it, or choose another --outdir.`,
      );
    const { precision, shards } = file.settings;
    return { folder, file: { ...file, settings: { ...settings, precision, shards } } };
  }
  const foreign = (await listFolder(folder)).filter(isForeign);
  if (foreign.length > 0)
    throw new ProjectError(
      `${folder} is not empty and holds no klish project (${foreign.slice(0, 3).join(", ")}${foreign.length > 3 ? ", …" : ""}). Choose an empty or new --outdir.`,
    );
  return saveProject({
    folder,
    file: { klish: FORMAT_VERSION, settings, command, family, versions, timings: [], complete: false },
  });
}

export async function saveProject(project: Project): Promise<Project> {
  await writeAtomic(pathIn(project, PROJECT_FILE), `${JSON.stringify(project.file, null, 2)}\n`);
  return project;
}

/**
 * The merge tree so far; undefined when clustering has not begun. Throws ProjectError when its file is damaged, or is not the tree
 * of the project's settings.
 */
export async function loadTree(project: Project): Promise<MergeTree | undefined> {
  const bytes = await readIfThere(pathIn(project, "tree.safetensors"));
  if (bytes === undefined) return undefined;
  const tree = readTree(project, bytes);
  const { settings } = project.file;
  for (const [what, said, is] of [
    ["pixels", clusteredCount(settings), tree.pixels],
    ["initial clusters", settings.initialClusters, tree.initialClusters],
    ["merge rule", settings.criterion, tree.criterion],
  ] as const)
    if (said !== is)
      throw new ProjectError(
        `${project.folder}: ${PROJECT_FILE} and tree.safetensors are of two runs (${what}: ${said} by the settings, ${is} in the tree). Restore both, or cluster again in another folder.`,
      );
  return tree;
}

function readTree(project: Project, bytes: Uint8Array): MergeTree {
  try {
    return decodeTree(bytes);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProjectError(
      `${pathIn(project, "tree.safetensors")} is damaged (${reason}). Delete it to cluster again.`,
      { cause },
    );
  }
}

/** One file holds the whole state, so that a kill between two writes cannot mix an old half with a new one. */
export async function saveTree(project: Project, tree: MergeTree): Promise<void> {
  await writeAtomic(pathIn(project, "tree.safetensors"), encodeTree(tree));
}

/** Identifies the tree of a project. Throws ProjectError where there is none. */
export async function treeHash(project: { readonly folder: string }): Promise<string> {
  const bytes = await readIfThere(pathIn(project, "tree.safetensors"));
  if (bytes === undefined) throw new ProjectError(`${project.folder} is not clustered yet.`);
  return createHash("sha256").update(bytes).digest("hex");
}
