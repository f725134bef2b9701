/** Every way to cluster under one signature, to be compared. */
import type { Pixels } from "../pixels/pixels.ts";
import { predict } from "../pixels/predict.ts";
import type { JobOptions } from "../tensor/progress.ts";
import type { Clustering } from "./clustering.ts";
import { type KlishOptions, klish } from "./klish/klish.ts";
import { cosineKMeans } from "./kmeans/cosineKMeans.ts";
import { kMeans } from "./kmeans/kMeans.ts";
import { ahc } from "./linkage/ahc.ts";
import { ecosLinkage } from "./linkage/ecosLinkage.ts";
import { kasp } from "./linkage/kasp.ts";
import type { MergeTree } from "./tree/mergeTree.ts";

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

interface Method {
  /** In tables. */
  readonly title: string;
  /** In plots: told apart without red-green vision (Okabe and Ito); KLiSH's variants in shades of the first. */
  readonly color: string;
  /** Whether all K come from one tree of KLiSH's. */
  readonly klish: boolean;
  readonly run: (features: Pixels, options: MethodOptions) => AsyncGenerator<MethodResult>;
}

/** Starts of "klish-restarts". */
const RESTARTS = 5;

/**
 * "klish": the pair criterion, its balance chosen by itself; "klish-restarts": the same from the best of 5 starts; "klish-linkage":
 * average linkage of the start's ECoS, no merge trained; "klish-paper": the paper's rule. Adding a method means adding a row.
 */
export const clusterMethods = {
  klish: merging("KLiSH, pair criterion", "#d55e00", { criterion: "pair" }),
  "klish-restarts": merging("KLiSH, pair, best of 5", "#a02000", { criterion: "pair", restarts: RESTARTS }),
  "klish-linkage": { title: "KLiSH, linkage", color: "#f0a070", klish: true, run: linked },
  "klish-paper": merging("KLiSH, paper's rule", "#e69f00", { criterion: "paper" }),
  kmeans: rival("K-means++", "#0072b2", kMeans),
  "kmeans-cosine": rival("K-means++, cosine", "#56b4e9", cosineKMeans),
  "ahc-ward": rival("AHC, Ward", "#009e73", ahc),
  "ahc-cosine": rival("AHC, average cosine", "#b0a000", (features, options) =>
    ahc(features, { ...options, linkage: "average", metric: "cosine" }),
  ),
  kasp: rival("KASP", "#cc79a7", kasp),
} satisfies Record<string, Method>;
export type MethodName = keyof typeof clusterMethods;
export const methodNames = Object.keys(clusterMethods) as MethodName[];

/**
 * Clusters at each of `ks`, one result after another. KLiSH merges once for all and labels by its classifiers; the others start again
 * at each K. Throws RangeError where a K does not fit the pixels, or KLiSH's K0.
 */
export const clusterings = (
  method: MethodName,
  features: Pixels,
  options: MethodOptions,
): AsyncGenerator<MethodResult> => clusterMethods[method].run(features, options);

/** Merges of KLiSH's, cut at each K. */
function merging(title: string, color: string, settings: KlishOptions): Method {
  return {
    ...{ title, color, klish: true },
    async *run(features, options) {
      const { ks, seed: _, initialClusters: __, ...job } = options;
      const tree = await treeFor(features, options, settings);
      for (const k of ks)
        yield { k, labels: await predict(features, tree.classifierAt(k), job), balance: tree.balance };
    },
  };
}

async function* linked(features: Pixels, options: MethodOptions): AsyncGenerator<MethodResult> {
  const { ks, seed: _, initialClusters, ...job } = options;
  const tree = await treeFor(features, options, { criterion: "paper", minClusters: initialClusters });
  const linkage = await ecosLinkage(features, tree.classifierAt(tree.initialClusters), job);
  for (const k of ks) {
    const names = linkage.namesAt(k);
    yield { k, labels: tree.initialLabels.map((label) => names[label]) };
  }
}

function treeFor(features: Pixels, options: MethodOptions, settings: KlishOptions): Promise<MergeTree> {
  const { ks, ...rest } = options;
  const most = Math.max(...ks);
  if (most > options.initialClusters)
    throw new RangeError(`KLiSH starts from ${options.initialClusters} clusters and cannot have K = ${most}`);
  return klish(features, { ...rest, ...settings });
}

type Clusterer = (
  features: Pixels,
  options: JobOptions & { readonly nClusters: number; readonly seed: number },
) => Promise<Clustering>;

/** Another algorithm, started again at each K. */
function rival(title: string, color: string, cluster: Clusterer): Method {
  return {
    ...{ title, color, klish: false },
    async *run(features, { ks, seed, initialClusters: _, ...job }) {
      for (const k of ks) {
        const { labels } = await cluster(features, { nClusters: k, seed, ...job });
        yield { k, labels };
      }
    },
  };
}
