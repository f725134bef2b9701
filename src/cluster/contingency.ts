/** How often each pair of a true class and a cluster occurs together; every agreement metric is a function of it. */
export interface Contingency {
  readonly classes: number;
  readonly clusters: number;
  /** [classes, clusters]. */
  readonly counts: Float64Array;
  /** Sums over clusters [classes], and over classes [clusters]. */
  readonly classSizes: Float64Array;
  readonly clusterSizes: Float64Array;
  readonly total: number;
}

/**
 * Counts the pairs of two labellings of the same pixels. Labels are integers >= 0; names that do not occur are empty rows or
 * columns, which change no metric. Throws RangeError when lengths differ or a label is no such integer.
 */
export function contingency(truth: ArrayLike<number>, labels: ArrayLike<number>): Contingency {
  if (truth.length !== labels.length)
    throw new RangeError(`contingency: ${truth.length} true labels against ${labels.length} predicted ones`);
  const classes = countNames(truth);
  const clusters = countNames(labels);
  const counts = new Float64Array(classes * clusters);
  for (let n = 0; n < truth.length; n++) counts[truth[n] * clusters + labels[n]]++;
  const classSizes = new Float64Array(classes);
  const clusterSizes = new Float64Array(clusters);
  for (let i = 0; i < classes; i++)
    for (let j = 0; j < clusters; j++) {
      classSizes[i] += counts[i * clusters + j];
      clusterSizes[j] += counts[i * clusters + j];
    }
  return { classes, clusters, counts, classSizes, clusterSizes, total: truth.length };
}

/** The most names a table may have on one side. */
const MAX_NAMES = 65536;

function countNames(labels: ArrayLike<number>): number {
  let largest = -1;
  for (let n = 0; n < labels.length; n++) {
    const label = labels[n];
    if (!Number.isInteger(label) || label < 0 || label >= MAX_NAMES)
      throw new RangeError(`contingency: label ${label} of pixel ${n} is no integer from 0 to ${MAX_NAMES - 1}`);
    if (label > largest) largest = label;
  }
  return largest + 1;
}
