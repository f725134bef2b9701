/** What every clusterer gives back. */

import type { LinearClassifier } from "../pixels/linearClassifier.ts";

/** A partition of the pixels into K clusters, numbered by size, the largest first. */
export interface Clustering {
  readonly k: number;
  /** Cluster of each pixel, in [0, k). */
  readonly labels: Uint16Array;
  /** Pixels per cluster, descending. */
  readonly sizes: Float64Array;
  /** Labels pixels that were not clustered. */
  readonly classifier: LinearClassifier;
}
