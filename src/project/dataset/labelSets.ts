/** The label sets that a dataset is asked for: several projects of one generator, or several recipes of one project. */
import { basename, resolve } from "node:path";
import { loadTree, openProject, type Project } from "../cluster/project.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import type { LabelState } from "../labels/recipe.ts";
import { loadRecipe, recipeHash } from "../labels/recipeFile.ts";
import type { LayerClassifier } from "../sampling/sampler.ts";
import { ProjectError } from "../storage/files.ts";
import type { DatasetSettings, LabelSetSettings } from "./settings.ts";

export interface LabelSet {
  readonly settings: LabelSetSettings;
  readonly classifier: LayerClassifier;
  readonly project: Project;
}

/**
 * Opens the label sets: of each project its labels.json, or, of one project, each of the recipe files. They are called after their
 * folder or file. Throws ProjectError where labels are missing, two sets have one name, or the projects' generators differ.
 */
export async function openLabelSets(projects: readonly string[], recipes: readonly string[]): Promise<LabelSet[]> {
  if (projects.length === 0) throw new ProjectError("a dataset needs a project: --project <folder>.");
  if (recipes.length > 0 && projects.length > 1)
    throw new ProjectError("--recipe goes with one --project: it takes the place of that project's labels.json.");
  const sets: LabelSet[] = [];
  for (const folder of projects) {
    const project = await openProject(folder);
    const tree = await loadTree(project);
    const cuts = new Map<number, LayerClassifier>();
    for (const file of recipes.length > 0 ? recipes : [undefined]) {
      const recipe = tree === undefined ? undefined : await loadRecipe(project, tree, file);
      if (tree === undefined || recipe === undefined)
        throw new ProjectError(
          `${file ?? folder} has no labels yet. Choose a K and name its parts first: klish label cut ${folder}${file === undefined ? "" : ` --recipe ${file}`}`,
        );
      const { k } = recipe.state;
      const { layers } = project.file.settings;
      // Recipes of the same K share the classifier, which then runs once.
      const classifier = cuts.get(k) ?? { layers, classifier: tree.classifierAt(k) };
      cuts.set(k, classifier);
      const name = basename(resolve(file ?? folder))
        .replace(/\.json$/, "")
        .replaceAll(/[^\w.-]/g, "_");
      const settings = { name, labels: recipe.state, recipeSha256: recipeHash(recipe.state, tree), layers };
      sets.push({ settings, classifier, project });
    }
  }
  const names = sets.map((set) => set.settings.name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new ProjectError(`two label sets are called "${twice}", after their folder or file: rename one of them.`);
  return sets;
}

/** What decides the images; truncation may be set by the command. */
const OF_THE_IMAGES = ["networkSha256", "latent", "class", "noiseMode", "truncationCutoff", "truncationPsi"] as const;

/** The settings of the images that the projects share. Throws ProjectError where they differ. */
export function sharedGenerator(
  projects: readonly Project[],
  truncationPsi: number | null,
): Pick<ClusterSettings, (typeof OF_THE_IMAGES)[number] | "network"> {
  const [first] = projects;
  const settings = ({ file }: Project): ClusterSettings =>
    truncationPsi === null ? file.settings : { ...file.settings, truncationPsi };
  for (const project of projects)
    for (const key of OF_THE_IMAGES)
      if (settings(project)[key] !== settings(first)[key])
        throw new ProjectError(
          `${first.folder} and ${project.folder} cannot share images: ${key} is ${settings(first)[key]} there, ${settings(project)[key]} here.` +
            `${key === "truncationPsi" ? " Choose one with --trunc." : ""}`,
        );
  return settings(first);
}

/** The label sets of a dataset, opened again from where their projects are. Throws ProjectError where one has changed. */
export async function reopenClassifiers(
  { labelSets }: DatasetSettings,
  projects: readonly string[],
): Promise<{ readonly classifiers: readonly LayerClassifier[]; readonly project: Project }> {
  if (projects.length !== 1 && projects.length !== labelSets.length)
    throw new ProjectError(
      `the dataset has ${labelSets.length} label sets (${labelSets.map((set) => set.name).join(", ")}); give one --project for all, or one for each in this order.`,
    );
  const opened = new Map<string, { project: Project; tree: NonNullable<Awaited<ReturnType<typeof loadTree>>> }>();
  for (const folder of projects) {
    const project = await openProject(folder);
    const tree = await loadTree(project);
    if (tree !== undefined) opened.set(folder, { project, tree });
  }
  const classifiers = labelSets.map(({ name, labels, layers, recipeSha256 }, set) => {
    const folder = projects[projects.length === 1 ? 0 : set];
    const tree = opened.get(folder)?.tree;
    if (tree === undefined || !hasK(tree, labels) || recipeHash(labels, tree) !== recipeSha256)
      throw new ProjectError(
        `${folder} is not the project that ${labelSets.length === 1 ? "this dataset was" : `the masks "${name}" were`} made from. Give that one with --project.`,
      );
    return { layers, classifier: tree.classifierAt(labels.k) };
  });
  return { classifiers, project: opened.get(projects[0])!.project };
}

const hasK = ({ steps }: { steps: readonly { k: number }[] }, { k }: LabelState): boolean =>
  steps.some((step) => step.k === k);
