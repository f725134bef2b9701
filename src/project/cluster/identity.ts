/**
 * What a cluster is called and how it is shown, everywhere: report, sheets, previews, `klish label`, `klish edit`, `klish info`, masks.
 *
 * Its *id*, "#47", is the start cluster that it grew from (see `Hierarchy`): a union keeps the id of the cluster that absorbed the other,
 * so an id means the same at every K and after every edit. Its colour belongs to the id. Files and code count the clusters of one K
 * from 0 to K - 1, in the order of their ids.
 */
import { z } from "zod";
import { type Hierarchy, hierarchyOf } from "../../cluster/tree/hierarchy.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { colorSchema } from "../../dataset/classSchema.ts";
import type { HexColor } from "../../dataset/labelMap.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { clusterColors, cssColor } from "./palette.ts";
import { type Project, pathIn } from "./project.ts";
import { clusteredGrid } from "./request.ts";

export interface ClusterIdentity {
  readonly hierarchy: Hierarchy;
  /** By id, [K0]. */
  readonly colors: readonly HexColor[];
}

const FILE = "colors.json";

const colorsFile = z.strictObject({
  klish: z.literal("cluster colours"),
  version: z.literal(1),
  colors: z.array(colorSchema),
});

/** Ids and colours of a project: those of its colors.json, or else those that its tree and its pictures give. */
export async function clusterIdentity(project: Project, tree: MergeTree): Promise<ClusterIdentity> {
  const hierarchy = hierarchyOf(tree.initialClusters, tree.steps);
  const file = await readJsonFile(pathIn(project, FILE), colorsFile, {
    what: "the clusters' colours",
    remedy: "Delete it: the colours are chosen again.",
  });
  if (file?.colors.length === tree.initialClusters) return { hierarchy, colors: file.colors };
  const { rows, columns } = clusteredGrid(project.file.settings);
  return { hierarchy, colors: clusterColors(hierarchy, labelBorders(tree, rows, columns)).map(cssColor) };
}

/** Keeps the colours, for a tree that is edited, and for later versions. */
export async function saveColors(project: { readonly folder: string }, colors: readonly HexColor[]): Promise<void> {
  await writeAtomic(pathIn(project, FILE), `${JSON.stringify({ klish: "cluster colours", version: 1, colors })}\n`);
}

/** How often a pixel of one start cluster lies beside or above one of another, [K0,K0], over images of `rows` x `columns` pixels. */
export function labelBorders(
  { initialLabels, initialClusters: k0 }: Pick<MergeTree, "initialLabels" | "initialClusters">,
  rows: number,
  columns: number,
): Float64Array {
  const borders = new Float64Array(k0 * k0);
  const count = (a: number, b: number): void => {
    if (a === b) return;
    borders[a * k0 + b]++;
    borders[b * k0 + a]++;
  };
  for (let n = 0; n < initialLabels.length; n++) {
    if ((n + 1) % columns !== 0) count(initialLabels[n], initialLabels[n + 1]);
    if (Math.floor(n / columns) % rows !== rows - 1) count(initialLabels[n], initialLabels[n + columns]);
  }
  return borders;
}

/** "47" and "#47" as 47; undefined for any other word. */
export function parseClusterId(word: string): number | undefined {
  const digits = /^#?(\d{1,9})$/.exec(word)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/**
 * Where the cluster `id` stands among those in sight, in the order of their ids; `owners`, [K0], is the id of each start cluster's cluster.
 * Throws ProjectError that says what became of it.
 */
export function clusterIndex(owners: ArrayLike<number>, id: number): number {
  const owner = owners[id];
  if (owner === undefined)
    throw new ProjectError(`there is no cluster #${id}: the tree has #0 to #${owners.length - 1}.`);
  if (owner !== id)
    throw new ProjectError(`#${id} is a part of #${owner} here: name that one, or take it apart first.`);
  return new Set(Array.from(owners).filter((other) => other < id)).size;
}

/** The cluster with this id among the `k`, from 0. Throws ProjectError that says what became of it. */
export function clusterOf({ hierarchy }: ClusterIdentity, k: number, id: number): number {
  const owner = hierarchy.ownersAt(k)[id];
  if (owner !== undefined && owner !== id)
    throw new ProjectError(
      `at K = ${k}, #${id} is a part of #${owner}. It stands by itself down to K = ${hierarchy.lastK[id]}.`,
    );
  return clusterIndex(hierarchy.ownersAt(k), id);
}
