import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { type TreeCut, treeThrough } from "../../cluster/tree/treeCut.ts";
import { replayTreeEdits } from "../../cluster/tree/treeEdits.ts";
import { type HexColor, MOST_CLASSES } from "../../dataset/labelMap.ts";
import { subset } from "../../pixels/denseFeatures.ts";
import type { ClusterSummary } from "../cluster/clusterJob.ts";
import { clusterIdentity, saveColors } from "../cluster/identity.ts";
import { EDITED_FROM, loadTree, openProject, type Project, pathIn, saveProject, saveTree } from "../cluster/project.ts";
import { clusteredPixels } from "../cluster/request.ts";
import { edit, freshRecipe } from "../labels/recipe.ts";
import { saveRecipe } from "../labels/recipeFile.ts";
import { writeReport } from "../report/writeReport.ts";
import { defineJob } from "../requests/request.ts";
import { openProjectNetwork, projectFeatures } from "../sampling/projectFeatures.ts";
import { listFolder, ProjectError, readIfThere, writeAtomic } from "../storage/files.ts";
import { isForeign, locked } from "../storage/lock.ts";
import { editRequest } from "./options.ts";

export interface EditSummary extends ClusterSummary {
  /** Clusters of the edited cut. */
  readonly clusters: number;
}

/**
 * A project of its own whose tree ends at an edited cut of another project's tree, with sheets and a report; editedFrom.json
 * holds what was done, labels.json the names. All merges are trained on all pixels. The project that was edited stays as it is.
 */
export const editJob = defineJob(editRequest, async (request, job): Promise<EditSummary> => {
  const { outdir, k, edits, command } = request;
  const threads = request.threads ?? availableParallelism();
  const project = await openProject(request.project);
  const { file } = project;
  const { settings } = file;
  const tree = file.complete ? await loadTree(project) : undefined;
  if (tree === undefined)
    throw new ProjectError(`${request.project}: the run is not finished. Continue it with: ${file.command}`);
  const origin = `${JSON.stringify({ klish: "edits", version: 1, project: resolve(request.project), k, edits }, null, 1)}\n`;
  if (!(await isFree(outdir, origin)))
    throw new ProjectError(
      `${outdir} is not empty: an edited tree becomes a project of its own. Choose a new --outdir.`,
    );
  const network = await openProjectNetwork(project, { ...request, threads, ...job });
  try {
    const all = await projectFeatures(settings, network.generator, { threads, ...job });
    const chosen = clusteredPixels(settings);
    const features = chosen === undefined ? all : await subset(all, chosen);
    const { tolerance } = settings;
    const cut = await replayTreeEdits(features, tree, { k, edits }, { tolerance });
    return await locked(outdir, async () => {
      const edited = { folder: outdir, file: { ...file, command } };
      await writeAtomic(pathIn(edited, EDITED_FROM), origin);
      await saveTree(edited, treeThrough(cut));
      await saveProject(edited);
      // The clusters are known by the colours that they had before.
      const { colors } = await clusterIdentity(project, tree);
      await saveColors(edited, colors);
      await saveNames(edited, cut, colors);
      const files = await writeReport(edited, network, { threads, ...job });
      return { folder: outdir, clusters: cut.clusters.length, ...files };
    });
  } finally {
    await network.generator.dispose();
  }
});

/** Whether a folder is empty, or holds no more than what a run of the same edits left that was killed before its report. */
async function isFree(folder: string, origin: string): Promise<boolean> {
  const names = (await listFolder(folder)).filter(isForeign);
  if (names.length === 0) return true;
  const begun = await readIfThere(pathIn({ folder }, EDITED_FROM));
  return begun !== undefined && Buffer.from(begun).equals(Buffer.from(origin)) && !names.includes("report.html");
}

/** Named and locked clusters begin as such classes for `klish label`. */
async function saveNames(project: Project, { clusters }: TreeCut, colors: readonly HexColor[]): Promise<void> {
  if (clusters.length > MOST_CLASSES || clusters.every(({ name, locked }) => name === undefined && !locked)) return;
  const ids = clusters.map(({ node }) => node.name);
  const fresh = freshRecipe(clusters.length, { ids, colors });
  const named = clusters.reduce((recipe, { name }, c) => {
    if (name === undefined) return recipe;
    // Clusters of one name are one class.
    if (recipe.state.classes.some((other) => other.name === name))
      return edit(recipe, { type: "take", clusters: [c], name });
    return edit(recipe, { type: "name", class: fresh.state.classes[c].name, name });
  }, fresh);
  const held = new Set(
    named.state.classes.filter((c) => c.clusters.some((i) => clusters[i].locked)).map(({ name }) => name),
  );
  await saveRecipe(
    project,
    [...held].reduce((recipe, name) => edit(recipe, { type: "lock", class: name, locked: true }), named),
  );
}
