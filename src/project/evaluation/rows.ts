import { join } from "node:path";
import { z } from "zod";
import { methodNames } from "../../cluster/methods.ts";
import { scoreNames } from "../../metrics/clusterScores.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";

const FILE = "evaluation.json";

const score = z.number().nullable();

/** One clustering, measured. */
const evaluationRow = z.strictObject({
  method: z.enum(methodNames),
  k: z.int().min(1),
  seed: z.int().min(0),
  /** Of the whole run that gave this row; for KLiSH that is all K of a seed. */
  seconds: z.number(),
  balance: z.number().nullable(),
  largestShare: z.number(),
  effectiveClusters: z.number(),
  /** Share of the features' variance between the clusters. */
  explainedVariance: z.number(),
  /** The same relative to K-means of that K and seed; null where K-means explains nothing, or it was not measured. */
  r2rel: z.number().nullable().default(null),
  /** Null where it is not defined: foregrounds without a background. */
  scores: z.record(z.enum(scoreNames), score),
});
export type EvaluationRow = z.infer<typeof evaluationRow>;

const evaluationFile = z.strictObject({
  klish: z.literal("evaluation"),
  version: z.literal(1),
  /** The data set, to be shown. */
  name: z.string(),
  /** Of features and truth. */
  sha256: z.string(),
  pixels: z.int(),
  channels: z.int(),
  images: z.int(),
  pixelStride: z.int(),
  classes: z.int(),
  background: z.int().nullable(),
  initialClusters: z.int(),
  machine: z.string(),
  command: z.string(),
  rows: z.array(evaluationRow),
});
export type EvaluationFile = z.infer<typeof evaluationFile>;

/** What must be the same for rows to stand in one table. */
const SAME = ["sha256", "background", "initialClusters"] as const;

/** The evaluation with the rows that the folder holds already. Throws ProjectError when they are of something else. */
export async function continueEvaluation(folder: string, fresh: EvaluationFile): Promise<EvaluationFile> {
  const found = await readJsonFile(join(folder, FILE), evaluationFile, {
    what: "an evaluation",
    remedy: "Delete it to measure again.",
  });
  if (found === undefined) return fresh;
  for (const name of SAME)
    if (found[name] !== fresh[name])
      throw new ProjectError(
        `${folder} holds an evaluation of ${name === "sha256" ? "other features or another truth" : `another ${name} (${found[name]}, now ${fresh[name]})`}. ` +
          "Choose another --outdir, or delete it.",
      );
  return { ...fresh, rows: found.rows };
}

export async function saveEvaluation(folder: string, file: EvaluationFile): Promise<void> {
  await writeAtomic(join(folder, FILE), `${JSON.stringify(file, null, 1)}\n`);
}
