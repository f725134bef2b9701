/**
 * What labels name, whatever found it: the clusters of a project at each of its K, or the classes that an extractor was taught. Whoever
 * labels, previews or makes data sets opens this, and need not know which.
 */
import { hierarchyOf } from "../../cluster/tree/hierarchy.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import type { PixelModel } from "../../models/pixelModel.ts";
import { type ClusterIdentity, clusterIdentity } from "../cluster/identity.ts";
import { loadTree, openProject, type Project } from "../cluster/project.ts";
import type { ClusterSettings } from "../cluster/settings.ts";
import { loadExtractor } from "../extractor/extractorFile.ts";
import { loadExtractorSettings } from "../extractor/settings.ts";
import { ProjectError } from "../storage/files.ts";

/** The classifiers of each K: a `MergeTree` is one. */
export interface Cuts {
  /** The largest K. */
  readonly initialClusters: number;
  /** Every K, descending. */
  readonly steps: readonly { readonly k: number }[];
  classifierAt(k: number): PixelModel;
}

/** How the images whose pixels are classified are generated. */
export type SampledAs = Pick<
  ClusterSettings,
  | "network"
  | "networkSha256"
  | "latent"
  | "class"
  | "truncationPsi"
  | "truncationCutoff"
  | "noiseMode"
  | "layers"
  | "seeds"
>;

export interface Parts {
  readonly folder: string;
  readonly sampledAs: SampledAs;
  /** Undefined: clustering has not begun. */
  readonly cuts: Cuts | undefined;
  /** Of a project that is clustered: what choosing another K needs. */
  readonly merged?: { readonly project: Project; readonly tree: MergeTree };
  /** Ids and colours. Throws ProjectError where clustering has not begun. */
  identity(): Promise<ClusterIdentity>;
}

/** Opens a project's clusters or an extractor's classes. Throws ProjectError where the folder holds neither. */
export async function openParts(folder: string): Promise<Parts> {
  const settings = await loadExtractorSettings(folder);
  if (settings === undefined) {
    const project = await openProject(folder);
    const tree = await loadTree(project);
    return {
      folder,
      sampledAs: project.file.settings,
      cuts: tree,
      ...(tree && { merged: { project, tree } }),
      async identity() {
        if (tree === undefined)
          throw new ProjectError(`${folder} is not clustered yet. Continue it with: ${project.file.command}`);
        return clusterIdentity(project, tree);
      },
    };
  }
  const model = await loadExtractor(folder);
  if (model === undefined)
    throw new ProjectError(`${folder}: the extractor has not learned yet. Continue it with: ${settings.command}`);
  const hierarchy = hierarchyOf(model.k, [{ k: model.k, kept: 0, removed: 0 }]);
  const identity = { hierarchy, colors: settings.classes.map(({ color }) => color) };
  return { folder, sampledAs: settings, cuts: singleCut(model), identity: async () => identity };
}

/** A classifier as the only cut. */
export const singleCut = (model: PixelModel): Cuts => ({
  initialClusters: model.k,
  steps: [{ k: model.k }],
  classifierAt: () => model,
});
