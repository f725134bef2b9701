/** What a report shows the clusters on: pictures, or the points of a 2-D experiment. */
import type { AgreementData } from "./data.ts";

/** S pictures and what the tree says about their pixels. P = resolution^2. */
export interface ImageSamples {
  readonly kind: "images";
  /** S. */
  readonly count: number;
  /** Size of the pictures; it may differ from `resolution`, at which they were clustered. */
  readonly width: number;
  readonly height: number;
  /** [S,height,width,3]. */
  readonly rgb: Uint8Array;
  readonly resolution: number;
  /** Start cluster of each pixel, [S,resolution,resolution]. */
  readonly initialLabels: Uint16Array;
  /** Scores of every classifier row of the tree, [rows,S,resolution,resolution]: `features.scores(tree.weight, tree.bias)`. */
  readonly scores: Float32Array;
  /** One per picture; "image 1", ... when absent. */
  readonly captions?: readonly string[];
}

/** Another method's labels of the points: `labels[i]` is the clustering into `ks[i]` clusters. */
export interface Rival {
  readonly name: string;
  readonly ks: readonly number[];
  readonly labels: readonly (Uint8Array | Uint16Array)[];
}

/** All points of a 2-D experiment. Where the tree has two channels, the points are taken to be its features. */
export interface PointSamples {
  readonly kind: "points";
  /** [N,2]. */
  readonly positions: Float32Array;
  /** [N]. */
  readonly initialLabels: Uint16Array;
  /** [rows,N]. */
  readonly scores: Float32Array;
  readonly rivals?: readonly Rival[];
  /** [N]. */
  readonly truth?: Uint8Array | Uint16Array;
  /** Of each method by its name among `rivals`; "KLiSH" is the tree, by its SVM labels. */
  readonly agreement?: readonly AgreementData[];
}

/** Number of shown pixels or points, S*P. */
export function pixelsOf(samples: ImageSamples | PointSamples): number {
  return samples.kind === "images" ? samples.count * samples.resolution ** 2 : samples.positions.length / 2;
}

/** Throws RangeError where an array does not have the length that the others ask for. */
export function checkSamples(samples: ImageSamples | PointSamples, rows: number, initialClusters: number): void {
  const expect = (name: string, length: number, wanted: number): void => {
    if (length !== wanted) throw new RangeError(`report: ${name} should have ${wanted} elements, got ${length}`);
  };
  const n = pixelsOf(samples);
  expect("initialLabels", samples.initialLabels.length, n);
  expect(`scores of ${rows} classifiers`, samples.scores.length, rows * n);
  const foreign = samples.initialLabels.find((label) => label >= initialClusters);
  if (foreign !== undefined)
    throw new RangeError(`report: initialLabels should lie in [0, ${initialClusters}), got ${foreign}`);
  if (samples.kind === "images") {
    expect("rgb", samples.rgb.length, samples.count * samples.width * samples.height * 3);
    if (samples.captions) expect("captions", samples.captions.length, samples.count);
  } else {
    if (samples.truth) expect("truth", samples.truth.length, n);
    for (const { name, ks, labels } of samples.rivals ?? []) {
      expect(`labels of ${name}`, labels.length, ks.length);
      for (const frame of labels) expect(`a clustering of ${name}`, frame.length, n);
    }
  }
}
