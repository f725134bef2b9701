/** A small world for tests of the report: smooth random fields as pictures and features, and a merge tree over them. */
import type { MergeStep, MergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import type { ImageSamples, PointSamples } from "../../../src/project/report/samples.ts";

/** Channels of the features. */
const CHANNELS = 6;

/** Uniform in [0, 1), seeded (mulberry32). */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Scores w.x + b of `rows` classifiers, [rows,N], of features [N,D]. */
function scoresOf(features: Float32Array, channels: number, weight: number[][], bias: number[]): Float32Array {
  const n = features.length / channels;
  const scores = new Float32Array(weight.length * n);
  weight.forEach((w, r) => {
    for (let i = 0; i < n; i++) {
      let s = bias[r];
      for (let d = 0; d < channels; d++) s += w[d] * features[i * channels + d];
      scores[r * n + i] = s;
    }
  });
  return scores;
}

/**
 * A tree whose classifiers are nearest-centroid rules (linear, like SVMs, but free): K0 random pixels are the centroids, p has the
 * lowest IoU, q the nearest centroid, and the union gets the mean of both. The merges go down to K = 2.
 */
export function syntheticTree(features: Float32Array, channels: number, k0: number, seed: number) {
  const random = makeRandom(seed);
  const pixels = features.length / channels;
  const centroids = Array.from({ length: k0 }, () => {
    const n = Math.floor(random() * pixels);
    return Array.from(features.subarray(n * channels, (n + 1) * channels));
  });
  const weight: number[][] = [];
  const bias: number[] = [];
  const train = (centroid: number[], size: number): number => {
    // Positive within a radius that grows with the size: enough for maps that look like confidence.
    const radius = 0.05 + 0.5 * (size / pixels);
    weight.push(centroid.map((c) => 24 * c));
    bias.push(
      -12 * centroid.reduce((sum, c) => sum + c * c, 0) - 12 * meanSquare(features) * channels + 12 * radius + 6,
    );
    return weight.length - 1;
  };
  const labels = new Uint16Array(pixels);
  for (let n = 0; n < pixels; n++) {
    let least = Number.POSITIVE_INFINITY;
    centroids.forEach((centroid, k) => {
      let d = 0;
      for (let c = 0; c < channels; c++) d += (features[n * channels + c] - centroid[c]) ** 2;
      if (d < least) {
        least = d;
        labels[n] = k;
      }
    });
  }
  const sizeOf = (k: number, all: Uint16Array): number => all.reduce((sum, label) => sum + Number(label === k), 0);
  const merged = [labels.slice()];
  let members = centroids.map((centroid, k) => train(centroid, sizeOf(k, labels)));
  let current = centroids;
  const steps: MergeStep[] = [];
  for (let k = k0; k >= 2; k--) {
    const now = merged[merged.length - 1];
    const sizes = Float64Array.from({ length: k }, (_, i) => sizeOf(i, now));
    const iou = Float64Array.from(sizes, (size) =>
      Math.min(0.98, 0.15 + 0.7 * Math.sqrt(size / pixels) + 0.35 * random() * (1 - k / k0)),
    );
    const removed = iou.indexOf(Math.min(...iou));
    const distance = (i: number): number => current[i].reduce((sum, c, d) => sum + (c - current[removed][d]) ** 2, 0);
    let kept = removed === 0 ? 1 : 0;
    for (let i = 0; i < k; i++) if (i !== removed && distance(i) < distance(kept)) kept = i;
    steps.push({
      k,
      members: Int32Array.from(members),
      weight: Float32Array.from(members.flatMap((r) => weight[r])),
      bias: Float32Array.from(members, (r) => bias[r]),
      iou,
      objective: new Float64Array(k).fill(1),
      gap: new Float64Array(k),
      sizes,
      kept,
      removed,
      ecos: 1 / (1 + 8 * distance(kept)),
    });
    if (k === 2) break;
    const union = current[kept].map(
      (c, d) => (sizes[kept] * c + sizes[removed] * current[removed][d]) / Math.max(1, sizes[kept] + sizes[removed]),
    );
    const next = now.map((label) => (label === removed ? kept : label)).map((label) => label - Number(label > removed));
    const row = train(union, sizes[kept] + sizes[removed]);
    current = current.map((c, i) => (i === kept ? union : c)).filter((_, i) => i !== removed);
    members = members.map((r, i) => (i === kept ? row : r)).filter((_, i) => i !== removed);
    merged.push(next);
  }
  const tree: MergeTree = {
    pixels,
    channels,
    initialClusters: k0,
    criterion: "paper",
    balance: 0,
    initialLabels: labels,
    weight: Float32Array.from(weight.flat()),
    bias: Float32Array.from(bias),
    steps,
    labelsAt: (k) => merged[k0 - k],
    classifierAt: (k) => ({ k, channels, weight: steps[k0 - k].weight, bias: steps[k0 - k].bias }),
  };
  return { tree, scores: scoresOf(features, channels, weight, bias) };
}

const meanSquare = (x: Float32Array): number => x.reduce((sum, v) => sum + v * v, 0) / x.length;

/** A sum of a few waves: a smooth picture in about [-1, 1], [resolution,resolution]. */
function smoothField(resolution: number, random: () => number): Float32Array {
  const waves = Array.from({ length: 5 }, () => [(random() - 0.5) * 14, (random() - 0.5) * 14, random() * 6.3, 0.5]);
  return Float32Array.from({ length: resolution ** 2 }, (_, n) => {
    const x = (n % resolution) / resolution;
    const y = Math.floor(n / resolution) / resolution;
    return waves.reduce((sum, [fx, fy, phase, a]) => sum + a * Math.sin(fx * x + fy * y + phase), 0) / 1.5;
  });
}

/** `count` pictures of `resolution`^2 pixels, clustered into `k0` and merged to 2. */
export function syntheticImages({ count = 4, resolution = 16, k0 = 12, seed = 1 } = {}): {
  tree: MergeTree;
  samples: ImageSamples;
} {
  const random = makeRandom(seed);
  const area = resolution ** 2;
  const features = new Float32Array(count * area * CHANNELS);
  const rgb = new Uint8Array(count * area * 3);
  for (let s = 0; s < count; s++) {
    const fields = Array.from({ length: CHANNELS }, () => smoothField(resolution, random));
    for (let n = 0; n < area; n++) {
      for (let c = 0; c < CHANNELS; c++) features[(s * area + n) * CHANNELS + c] = fields[c][n];
      for (let c = 0; c < 3; c++) rgb[(s * area + n) * 3 + c] = Math.min(255, Math.max(0, 128 + 90 * fields[c][n]));
    }
  }
  const { tree, scores } = syntheticTree(features, CHANNELS, k0, seed + 1);
  return {
    tree,
    samples: {
      kind: "images",
      count,
      width: resolution,
      height: resolution,
      rgb,
      resolution,
      initialLabels: tree.initialLabels,
      scores,
      captions: Array.from({ length: count }, (_, s) => `seed ${s}`),
    },
  };
}

/** Three noisy bars of points, with the truth. */
export function syntheticPoints({ count = 300, k0 = 9, seed = 3 } = {}): { tree: MergeTree; samples: PointSamples } {
  const random = makeRandom(seed);
  const truth = Uint8Array.from({ length: count }, (_, n) => n % 3);
  const positions = Float32Array.from({ length: count * 2 }, (_, i) => {
    const bar = truth[i >> 1];
    return i % 2 === 0 ? 4 * random() - 2 : bar - 1 + 0.5 * (random() - 0.5);
  });
  const { tree, scores } = syntheticTree(positions, 2, k0, seed + 1);
  const ks = tree.steps.map((step) => step.k);
  return {
    tree,
    samples: {
      kind: "points",
      positions,
      initialLabels: tree.initialLabels,
      scores,
      truth,
      rivals: [
        {
          name: "K-means",
          ks,
          labels: ks.map((k) => Uint16Array.from({ length: count }, (_, n) => Math.floor((n * k) / count))),
        },
      ],
      agreement: [{ method: "K-means", metric: "AMI", points: ks.map((k) => [k, 0.5] as const) }],
    },
  };
}
