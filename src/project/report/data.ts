/**
 * What a report page is given: one JSON value inside the page.
 * Letters: S samples (images, or one scatter plot), P pixels (or points) per sample, K clusters, K0 start clusters.
 *
 * Inside a report a cluster is named by its *id*: the index of the start cluster that it grew from. When p merges into q, the
 * union keeps q's id, so an id, and its colour, means the same thing at every K.
 */

/** Bytes as base64 of a zlib stream, which every browser inflates by itself. */
export type Packed = string;

/** One line about the run: "seeds", "0-255". `note` says why, in smaller type. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly note?: string;
}

/** The state at one K, and the merge that leads to K - 1 (the last step has none). Arrays follow the step's K clusters. */
export interface StepData {
  readonly k: number;
  /** Index of q, that absorbs, among this step's clusters; -1 in the last step. */
  readonly kept: number;
  /** Index of p, that disappears, among this step's clusters; -1 in the last step. */
  readonly removed: number;
  /** Score of the pair (p, q): ECoS, or S_lambda under the pair criterion. */
  readonly score: number;
  /** Eq. 4 per cluster, in [0, 1]. */
  readonly iou: readonly number[];
  /** Fraction of all clustered pixels per cluster, by merged labels. */
  readonly share: readonly number[];
  /** Row of each cluster's classifier; it indexes `ReportData.confidence.rows`. */
  readonly rows: readonly number[];
  /** Share of the features' variance between the merged clusters, and that relative to K-means'; null where it was not measured. */
  readonly explained: { readonly r2: number; readonly r2rel: number } | null;
}

export interface ImageCanvas {
  readonly kind: "images";
  /** Side of the square label maps, in pixels: P = resolution^2. */
  readonly resolution: number;
  /** Shown size of the pictures, in pixels. */
  readonly width: number;
  readonly height: number;
  /** One data URL per sample. */
  readonly sources: readonly string[];
  /** One caption per sample, such as "seed 12". */
  readonly captions: readonly string[];
}

/** Another method's labels of the same points at every K that it was asked for. */
export interface PanelData {
  readonly name: string;
  /** The K of each frame of `labels`. */
  readonly ks: readonly number[];
  /** Label series (see `encodeSeries`), one frame per K. */
  readonly labels: Packed;
}

/** Agreement of one method with the truth at each K. */
export interface AgreementData {
  readonly method: string;
  /** "AMI", "ARI", ... */
  readonly metric: string;
  readonly points: readonly (readonly [k: number, value: number])[];
}

export interface PointCanvas {
  readonly kind: "points";
  readonly count: number;
  /** x0, y0, x1, ... as uint16 fractions of the range, little-endian. */
  readonly positions: Packed;
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  readonly panels: readonly PanelData[];
  /** Label series with one frame. */
  readonly truth: Packed | null;
  readonly agreement: readonly AgreementData[];
  /** [w_x, w_y, b] of every classifier row where the points are the features themselves, for drawing the decision regions. */
  readonly planes: readonly (readonly [number, number, number])[] | null;
}

/** What the report page is given. */
export interface ReportData {
  readonly title: string;
  readonly summary: string;
  /** The command line that made the report; empty when there is none. */
  readonly command: string;
  readonly facts: readonly Fact[];
  /** What the reader should be warned of. */
  readonly notes: readonly string[];
  /** What was rounded or left out to keep the page small. */
  readonly fidelity: readonly string[];
  readonly criterion: "paper" | "pair";
  readonly balance: number;
  /** Number of pixels that were clustered (all of them, not only those shown). */
  readonly pixels: number;
  readonly channels: number;
  readonly initialClusters: number;
  /** Descending in K, the first at K0. */
  readonly steps: readonly StepData[];
  /** Suggested K, best first (see `suggestStops`). */
  readonly stops: readonly number[];
  /** K with which the page opens. */
  readonly openAt: number;
  /** CSS colour of each start cluster. */
  readonly colors: readonly string[];
  readonly canvas: ImageCanvas | PointCanvas;
  /** Label series with one frame: start cluster of each shown pixel, [S*P]. */
  readonly initialLabels: Packed;
  /** Label series, one frame per step: id of the highest score at each shown pixel, [S*P]. */
  readonly argmax: Packed;
  /** Eq. 5 in 8 bits, of the classifiers that appear in a merge, over the first `samples` samples. */
  readonly confidence: { readonly samples: number; readonly rows: readonly (Packed | null)[] };
}
