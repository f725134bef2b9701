/** The label sets that a dataset is asked for: several projects of one generator, or several recipes of one project. */
import { basename, resolve } from "node:path";
import { type CorrectorOptions, labelledClassifier } from "../labels/corrector.ts";
import { type Cuts, openParts, type Parts, type SampledAs } from "../labels/parts.ts";
import type { LabelState } from "../labels/recipe.ts";
import { loadRecipe, recipeHash } from "../labels/recipeFile.ts";
import type { LayerClassifier } from "../sampling/sampler.ts";
import { ProjectError } from "../storage/files.ts";
import type { DatasetSettings, LabelSetSettings } from "./settings.ts";

export interface LabelSet {
  readonly settings: LabelSetSettings;
  readonly classifier: LayerClassifier;
  readonly parts: Parts;
}

/**
 * Opens the label sets: of each project its labels.json, or, of one project, each of the recipe files. They are called after their
 * folder or file. Throws ProjectError where labels are missing, two sets have one name, or the projects' generators differ.
 */
export async function openLabelSets(
  projects: readonly string[],
  recipes: readonly string[],
  options: CorrectorOptions,
): Promise<LabelSet[]> {
  if (projects.length === 0) throw new ProjectError("a dataset needs a project: --project <folder>.");
  if (recipes.length > 0 && projects.length > 1)
    throw new ProjectError("--recipe goes with one --project: it takes the place of that project's labels.json.");
  const sets: LabelSet[] = [];
  for (const folder of projects) {
    const parts = await openParts(folder);
    const { cuts } = parts;
    const opened = new Map<string, LayerClassifier>();
    for (const file of recipes.length > 0 ? recipes : [undefined]) {
      const recipe = cuts === undefined ? undefined : await loadRecipe(parts, cuts, file);
      if (cuts === undefined || recipe === undefined)
        throw new ProjectError(
          `${file ?? folder} has no labels yet. Choose a K and name its parts first: klish label cut ${folder}${file === undefined ? "" : ` --recipe ${file}`}`,
        );
      const { k, strokes = [] } = recipe.state;
      const { layers } = parts.sampledAs;
      // Recipes of the same K and strokes share the classifier, which then runs once.
      const key = JSON.stringify({ k, strokes });
      const classifier = opened.get(key) ?? {
        layers,
        classifier: await labelledClassifier(parts, recipe.state, options),
      };
      opened.set(key, classifier);
      const name = basename(resolve(file ?? folder))
        .replace(/\.json$/, "")
        .replaceAll(/[^\w.-]/g, "_");
      const settings = { name, labels: recipe.state, recipeSha256: recipeHash(recipe.state, cuts), layers };
      sets.push({ settings, classifier, parts });
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
  projects: readonly Parts[],
  truncationPsi: number | null,
): Pick<SampledAs, (typeof OF_THE_IMAGES)[number] | "network"> {
  const [first] = projects;
  const settings = ({ sampledAs }: Parts): SampledAs =>
    truncationPsi === null ? sampledAs : { ...sampledAs, truncationPsi };
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
  options: CorrectorOptions,
): Promise<{ readonly classifiers: readonly LayerClassifier[]; readonly parts: Parts }> {
  if (projects.length !== 1 && projects.length !== labelSets.length)
    throw new ProjectError(
      `the dataset has ${labelSets.length} label sets (${labelSets.map((set) => set.name).join(", ")}); give one --project for all, or one for each in this order.`,
    );
  const opened = new Map<string, Parts>();
  for (const folder of projects) opened.set(folder, await openParts(folder));
  const classifiers: LayerClassifier[] = [];
  for (const [set, { name, labels, layers, recipeSha256 }] of labelSets.entries()) {
    const folder = projects[projects.length === 1 ? 0 : set];
    const parts = opened.get(folder);
    const cuts = parts?.cuts;
    if (parts === undefined || cuts === undefined || !hasK(cuts, labels) || recipeHash(labels, cuts) !== recipeSha256)
      throw new ProjectError(
        `${folder} is not the project that ${labelSets.length === 1 ? "this dataset was" : `the masks "${name}" were`} made from. Give that one with --project.`,
      );
    classifiers.push({ layers, classifier: await labelledClassifier(parts, labels, options) });
  }
  return { classifiers, parts: opened.get(projects[0]) as Parts };
}

const hasK = ({ steps }: Cuts, { k }: LabelState): boolean => steps.some((step) => step.k === k);
