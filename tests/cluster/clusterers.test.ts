import { klish } from "../../src/cluster/klish/klish.ts";
import { cosineKMeans } from "../../src/cluster/kmeans/cosineKMeans.ts";
import { kMeans } from "../../src/cluster/kmeans/kMeans.ts";
import { ahc } from "../../src/cluster/linkage/ahc.ts";
import { kasp } from "../../src/cluster/linkage/kasp.ts";
import { classSizes, sizeOrder } from "../../src/pixels/labels.ts";
import { type Clusterer, clustererContract } from "../contracts/clusterer.ts";

/** KLiSH cut at the number of clusters asked for. */
const klishAt: Clusterer = async (features, { nClusters: k, ...job }) => {
  const tree = await klish(features, { initialClusters: 4 * k, minClusters: k, ...job });
  const labels = tree.labelsAt(k);
  const order = sizeOrder(classSizes(labels, k));
  const renamed = labels.map((label) => order.indexOf(label));
  const { weight, bias, channels } = tree.classifierAt(k);
  const sorted = Float32Array.from(
    weight,
    (_, i) => weight[order[Math.floor(i / channels)] * channels + (i % channels)],
  );
  const classifier = { k, channels, weight: sorted, bias: bias.map((_, c) => bias[order[c]]) };
  return { k, labels: renamed, sizes: classSizes(renamed, k), classifier };
};

clustererContract("ahc", ahc);
clustererContract("ahc by cosine", (features, options) =>
  ahc(features, { ...options, linkage: "average", metric: "cosine" }),
);
clustererContract("kMeans", kMeans);
clustererContract("cosineKMeans", cosineKMeans);
clustererContract("kasp", (features, options) =>
  kasp(features, { ...options, nCentroids: Math.min(60, features.pixels) }),
);
clustererContract("klish", klishAt);
