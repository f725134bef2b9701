/** Every way to cluster under one signature, to be compared. */

import type { Pixels } from "../pixels/pixels.ts";
import { predict } from "../pixels/predict.ts";
import type { JobOptions } from "../tensor/progress.ts";
import type { Clustering } from "./clustering.ts";
import { klish } from "./klish/klish.ts";
import { cosineKMeans } from "./kmeans/cosineKMeans.ts";
import { kMeans } from "./kmeans/kMeans.ts";
import { ahc } from "./linkage/ahc.ts";
import { ecosLinkage } from "./linkage/ecosLinkage.ts";
import { kasp } from "./linkage/kasp.ts";

/**
 * "klish": the pair criterion, its balance chosen by itself; "klish-restarts": the same from the best of 5 starts; "klish-linkage":
 * average linkage of the start's ECoS, no merge trained; "klish-paper": the paper's rule.
 */
export const methodNames = [
  "klish",
  "klish-restarts",
  "klish-linkage",
  "klish-paper",
  "kmeans",
  "kmeans-cosine",
  "ahc-ward",
  "ahc-cosine",
  "kasp",
] as const;
export type MethodName = (typeof methodNames)[number];

export interface MethodOptions extends JobOptions {
  readonly ks: readonly number[];
  readonly seed: number;
  /** K0 of KLiSH. */
  readonly initialClusters: number;
}

/** The clusters of all pixels at one K, in [0, k). */
export interface MethodResult {
  readonly k: number;
  readonly labels: Uint16Array;
  /** lambda of KLiSH's pair criterion; 0 under the paper's rule. */
  readonly balance?: number;
}

/**
 * Clusters at each of `ks`, one result after another. KLiSH merges once for all and labels by its classifiers; the others begin anew
 * at each K. Throws RangeError where a K does not fit the pixels, or KLiSH's K0.
 */
export async function* clusterings(
  method: MethodName,
  features: Pixels,
  { ks, seed, initialClusters, ...job }: MethodOptions,
): AsyncGenerator<MethodResult> {
  if (isKlish(method)) {
    const most = Math.max(...ks);
    if (most > initialClusters)
      throw new RangeError(`KLiSH starts from ${initialClusters} clusters and cannot have K = ${most}`);
    const linked = method === "klish-linkage";
    const tree = await klish(features, {
      initialClusters,
      seed,
      criterion: method === "klish" || method === "klish-restarts" ? "pair" : "paper",
      ...(method === "klish-restarts" ? { restarts: RESTARTS } : {}),
      ...(linked ? { minClusters: initialClusters } : {}),
      ...job,
    });
    if (linked) {
      const linkage = await ecosLinkage(features, tree.classifierAt(tree.initialClusters), job);
      for (const k of ks) {
        const names = linkage.namesAt(k);
        yield { k, labels: tree.initialLabels.map((label) => names[label]) };
      }
    } else
      for (const k of ks)
        yield { k, labels: await predict(features, tree.classifierAt(k), job), balance: tree.balance };
    return;
  }
  const cluster = rivals[method];
  for (const k of ks) {
    const { labels } = await cluster(features, { nClusters: k, seed, ...job });
    yield { k, labels };
  }
}

type Rival = (
  features: Pixels,
  options: JobOptions & { readonly nClusters: number; readonly seed: number },
) => Promise<Clustering>;

/** Starts of "klish-restarts". */
const RESTARTS = 5;

export type KlishName = Extract<MethodName, `klish${string}`>;

export function isKlish(method: MethodName): method is KlishName {
  return method.startsWith("klish");
}

const rivals: Record<Exclude<MethodName, KlishName>, Rival> = {
  kmeans: kMeans,
  "kmeans-cosine": cosineKMeans,
  "ahc-ward": ahc,
  "ahc-cosine": (features, options) => ahc(features, { ...options, linkage: "average", metric: "cosine" }),
  kasp,
};
