import { cpus } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import { explainedVariance } from "../../cluster/klish/balance.ts";
import { kMeans } from "../../cluster/kmeans/kMeans.ts";
import { clusterings, clusterMethods, type MethodResult } from "../../cluster/methods.ts";
import { effectiveClusters, largestShare } from "../../cluster/tree/mergeTree.ts";
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { imageContingency } from "../../metrics/agreement.ts";
import { clusterScores, scoreNames } from "../../metrics/clusterScores.ts";
import { classSizes } from "../../pixels/labels.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { ProjectError, writeAtomic } from "../storage/files.ts";
import { locked } from "../storage/lock.ts";
import { type EvaluationInput, type EvaluationSource, loadInput } from "./input.ts";
import { evaluateRequest } from "./options.ts";
import { evaluationPlot } from "./plot.ts";
import { continueEvaluation, type EvaluationFile, type EvaluationRow, saveEvaluation } from "./rows.ts";
import { evaluationCsv, evaluationMarkdown } from "./tables.ts";

export interface EvaluateSummary {
  readonly markdown: string;
  readonly csv: string;
  readonly plot: string;
  readonly json: string;
  readonly rows: number;
  /** The Markdown itself. */
  readonly text: string;
}

/**
 * The paper's Table IV: clusters with every method at every K from several seeds, and measures the agreement with true classes.
 * Continues what an earlier run left in the folder.
 */
export const evaluateJob = defineJob(evaluateRequest, async (request, job): Promise<EvaluateSummary> => {
  const { outdir } = request;
  const input = await loadInput({ ...request, source: sourceOf(request) }, job);
  return locked(outdir, async () => {
    const file = await measure(request, input, job);
    const paths = {
      markdown: join(outdir, "evaluation.md"),
      csv: join(outdir, "evaluation.csv"),
      plot: join(outdir, "evaluation.svg"),
      json: join(outdir, "evaluation.json"),
    };
    const text = evaluationMarkdown(file);
    await writeAtomic(paths.markdown, text);
    await writeAtomic(paths.csv, evaluationCsv(file));
    await writeAtomic(paths.plot, evaluationPlot(file));
    return { ...paths, rows: file.rows.length, text };
  });
});

async function measure(
  request: z.output<typeof evaluateRequest>,
  input: EvaluationInput,
  { onProgress, signal }: JobOptions,
): Promise<EvaluationFile> {
  const { outdir, methods, seeds, initialClusters, background } = request;
  const classes = new Set(input.truth);
  classes.delete(IGNORE_LABEL);
  if (classes.size < 2) throw new ProjectError("the truth has fewer than two classes: nothing can be compared.");
  if (background !== null && !classes.has(background))
    throw new ProjectError(`no pixel has the background class ${background}.`);
  const ks = request.ks ?? [1, 1.5, 2].map((factor) => Math.round(factor * classes.size));
  const cpu = cpus();
  let file = await continueEvaluation(outdir, {
    klish: "evaluation",
    version: 1,
    name: input.name,
    sha256: input.sha256,
    pixels: input.features.pixels,
    channels: input.features.channels,
    images: input.images,
    pixelStride: input.pixelStride,
    classes: classes.size,
    background,
    initialClusters,
    machine: `${cpu[0]?.model.trim()}, ${cpu.length} threads`,
    command: request.command,
    rows: [],
  });
  const known = new Map<string, number>();
  for (const { method, k, seed, explainedVariance } of file.rows)
    if (method === "kmeans") known.set(`${k} ${seed}`, explainedVariance);
  /** R2 of K-means. */
  const reference: Reference = async (k, seed) => {
    const name = `${k} ${seed}`;
    const found =
      known.get(name) ??
      (await explainedVariance(input.features, (await kMeans(input.features, { nClusters: k, seed })).labels, k));
    known.set(name, found);
    return found;
  };
  const total = methods.length * seeds.length * ks.length;
  let done = 0;
  for (const seed of seeds)
    for (const method of methods) {
      const missing = ks.filter(
        (k) => !file.rows.some((row) => row.method === method && row.seed === seed && row.k === k),
      );
      done += ks.length - missing.length;
      if (missing.length === 0) continue;
      const report = (note: string): void =>
        onProgress?.({ phase: "cluster and compare", done, total, note: `${method}, seed ${seed}: ${note}` });
      report("begin");
      const results = clusterings(method, input.features, {
        ks: missing,
        seed,
        initialClusters,
        onProgress: (inner) => report(inner.note ?? inner.phase),
        ...(signal && { signal }),
      });
      let seconds = 0;
      for (;;) {
        const start = performance.now();
        const next = await results.next();
        if (next.done) break;
        seconds += (performance.now() - start) / 1000;
        const row = await rowOf(input, background, { method, seed, seconds }, next.value, reference);
        file = { ...file, rows: [...file.rows, row] };
        await saveEvaluation(outdir, file);
        done++;
        report(`K = ${next.value.k}`);
        signal?.throwIfAborted();
        // KLiSH's K come from one tree, whose time is that of each.
        if (!clusterMethods[method].klish) seconds = 0;
      }
    }
  return file;
}

type Reference = (k: number, seed: number) => Promise<number>;

async function rowOf(
  { features, truth, pixelsPerImage }: EvaluationInput,
  background: number | null,
  run: Pick<EvaluationRow, "method" | "seed" | "seconds">,
  { k, labels, balance }: MethodResult,
  reference: Reference,
): Promise<EvaluationRow> {
  const table = imageContingency(truth, labels, { pixelsPerImage, ignore: IGNORE_LABEL });
  const sizes = classSizes(labels, k);
  const scores = clusterScores(table, background ?? undefined);
  const rounded = Object.fromEntries(
    scoreNames.map((name) => [name, Number.isNaN(scores[name]) ? null : scores[name]]),
  ) as EvaluationRow["scores"];
  const explained = await explainedVariance(features, labels, k);
  const best = run.method === "kmeans" ? explained : await reference(k, run.seed);
  return {
    ...run,
    seconds: Math.round(run.seconds * 100) / 100,
    k,
    balance: balance ?? null,
    largestShare: largestShare(sizes),
    effectiveClusters: effectiveClusters(sizes),
    explainedVariance: explained,
    r2rel: best > 0 ? explained / best : null,
    scores: rounded,
  };
}

/** One of them is there: the schema sees to it. */
const sourceOf = ({ project, network, features }: z.output<typeof evaluateRequest>): EvaluationSource =>
  project === null ? { kind: "arrays", file: features as string } : { kind: "project", folder: project, network };
