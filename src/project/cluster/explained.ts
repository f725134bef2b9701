import { z } from "zod";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { type ExplainedStep, explainedByTree } from "../../cluster/tree/treeVariance.ts";
import { subset } from "../../pixels/denseFeatures.ts";
import type { Pixels } from "../../pixels/pixels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { randomSubset } from "../../tensor/random.ts";
import { writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { pathIn } from "./project.ts";

const FILE = "explained.json";
/** Pixels that are enough to compare two numbers of two digits. */
const SAMPLE = 12288;

const explainedFile = z.strictObject({
  klish: z.literal("explained variance"),
  version: z.literal(1),
  /** Pixels on which it was measured: some of the report's images. */
  pixels: z.int().min(1),
  steps: z.array(z.strictObject({ k: z.int().min(2), r2: z.number(), r2rel: z.number() })),
});

/** R2 and R2rel of a tree at each K, on a sample of the pixels; `labels` are the start clusters of all of them. */
export async function measureExplained(
  features: Pixels,
  tree: MergeTree,
  labels: Uint16Array,
  job: JobOptions,
): Promise<ExplainedStep[]> {
  if (features.pixels <= SAMPLE) return explainedByTree(features, tree, labels, job);
  const index = randomSubset(0, features.pixels, SAMPLE);
  const some = Uint16Array.from(index, (n) => labels[n]);
  return explainedByTree(await subset(features, index), tree, some, job);
}

/** What the last report of a project measured; undefined where there is none, or it is of another tree. */
export async function loadExplained(
  project: { readonly folder: string },
  tree: MergeTree,
): Promise<readonly ExplainedStep[] | undefined> {
  const found = await readJsonFile(pathIn(project, FILE), explainedFile, {
    what: "what clusters explain",
    remedy: "Delete it and run `klish report`.",
  });
  const fits = found?.steps.length === tree.steps.length && found.steps.every(({ k }, i) => k === tree.steps[i].k);
  return fits ? found.steps : undefined;
}

export async function saveExplained(
  project: { readonly folder: string },
  pixels: number,
  steps: readonly ExplainedStep[],
): Promise<void> {
  const rounded = steps.map(({ k, r2, r2rel }) => ({ k, r2: round(r2), r2rel: round(r2rel) }));
  const file = { klish: "explained variance", version: 1, pixels: Math.min(pixels, SAMPLE), steps: rounded };
  await writeAtomic(pathIn(project, FILE), `${JSON.stringify(file)}\n`);
}

const round = (x: number): number => Math.round(x * 1e4) / 1e4;
