/**
 * Agreement of a clustering with true classes, with scikit-learn's names, semantics and conventions for degenerate cases. All
 * are functions of a contingency table alone; they take one, or two labellings of the same pixels, integers >= 0. None depends on
 * the clusters' names.
 */
import { type Contingency, contingency } from "./contingency.ts";

export {
  type Contingency,
  contingency,
  type ImageContingency,
  type ImageContingencyOptions,
  imageContingency,
  pooled,
} from "./contingency.ts";
export { assignedMeanIou, type MatchedIou, matchedMeanIou, meanIou } from "./matchedMeanIou.ts";

type Labels = ArrayLike<number>;
type Arguments = readonly [table: Contingency] | readonly [truth: Labels, labels: Labels];

const tableOf = (values: Arguments): Contingency =>
  values.length === 1 ? values[0] : contingency(values[0], values[1]);

/** Twice the numbers of pairs of pixels that both labellings join, only the clusters, only the classes, or neither. */
function pairs(table: Contingency) {
  const squares = (values: Float64Array) => values.reduce((sum, x) => sum + x * x, 0);
  const { total } = table;
  const joint = squares(table.counts);
  const byCluster = squares(table.clusterSizes);
  const byClass = squares(table.classSizes);
  return {
    both: joint - total,
    clusterOnly: byCluster - joint,
    classOnly: byClass - joint,
    neither: total * total - byCluster - byClass + joint,
  };
}

/**
 * The share of pairs of pixels on which both labellings agree, in [0, 1].
 *
 * @example
 * console.log(randIndex([0, 0, 1, 1], [0, 0, 1, 2]).toFixed(3)); // 0.833
 */
export function randIndex(...values: Arguments): number {
  const { both, clusterOnly, classOnly, neither } = pairs(tableOf(values));
  const all = both + clusterOnly + classOnly + neither;
  return all === 0 ? 1 : (both + neither) / all;
}

/**
 * The Rand index corrected for chance: 1 for equal partitions, about 0 for independent ones, at least -0.5.
 *
 * @example
 * console.log(adjustedRandIndex([0, 0, 1, 1], [5, 5, 2, 2])); // 1
 */
export function adjustedRandIndex(...values: Arguments): number {
  const { both, clusterOnly, classOnly, neither } = pairs(tableOf(values));
  if (clusterOnly === 0 && classOnly === 0) return 1;
  return (
    (2 * (both * neither - classOnly * clusterOnly)) /
    ((both + classOnly) * (classOnly + neither) + (both + clusterOnly) * (clusterOnly + neither))
  );
}

/**
 * The geometric mean of pairwise precision and recall, in [0, 1].
 *
 * @example
 * console.log(fowlkesMallows([0, 0, 1, 1], [0, 0, 1, 2]).toFixed(3)); // 0.707
 */
export function fowlkesMallows(...values: Arguments): number {
  const { both, clusterOnly, classOnly } = pairs(tableOf(values));
  if (both === 0) return 0;
  return Math.sqrt(both / (both + clusterOnly)) * Math.sqrt(both / (both + classOnly));
}

/**
 * 1 where each cluster holds pixels of one class only: mutual information / entropy of the classes.
 *
 * @example
 * console.log(homogeneity([0, 0, 1, 1], [0, 0, 1, 2])); // 1
 */
export function homogeneity(...values: Arguments): number {
  const table = tableOf(values);
  return shareKnown(table, table.classSizes);
}

/**
 * 1 where all pixels of a class are in one cluster: mutual information / entropy of the clusters.
 *
 * @example
 * console.log(completeness([0, 0, 1, 1], [0, 0, 1, 2]).toFixed(3)); // 0.667
 */
export function completeness(...values: Arguments): number {
  const table = tableOf(values);
  return shareKnown(table, table.clusterSizes);
}

/**
 * The harmonic mean of homogeneity and completeness; the mutual information normalised by the mean entropy.
 *
 * @example
 * console.log(vMeasure([0, 0, 1, 1], [0, 0, 1, 2]).toFixed(3)); // 0.800
 */
export function vMeasure(...values: Arguments): number {
  const table = tableOf(values);
  const h = homogeneity(table);
  const c = completeness(table);
  return h + c === 0 ? 0 : (2 * h * c) / (h + c);
}

/**
 * Mutual information corrected for chance: (MI - E[MI]) / (mean(H(classes), H(clusters)) - E[MI]), E over random labellings with
 * the same sizes, computed exactly. 1 for equal partitions, about 0 for independent ones.
 *
 * @example
 * console.log(adjustedMutualInfo([0, 0, 1, 1], [5, 5, 2, 2]).toFixed(3)); // 1.000
 */
export function adjustedMutualInfo(...values: Arguments): number {
  const table = tableOf(values);
  const present = (sizes: Float64Array) => sizes.reduce((count, size) => count + (size > 0 ? 1 : 0), 0);
  if (present(table.classSizes) <= 1 && present(table.clusterSizes) <= 1) return 1;
  const expected = expectedMutualInformation(table);
  const mean = (entropy(table.classSizes) + entropy(table.clusterSizes)) / 2;
  let scale = mean - expected;
  // Both entropies can equal the expectation up to rounding; keep the sign and do not divide by zero.
  scale = scale < 0 ? Math.min(scale, -Number.EPSILON) : Math.max(scale, Number.EPSILON);
  return (mutualInformation(table) - expected) / scale;
}

/** The share of the entropy of one labelling, of these sizes, that the other one tells. */
function shareKnown(table: Contingency, sizes: Float64Array): number {
  const h = entropy(sizes);
  return h === 0 ? 1 : mutualInformation(table) / h;
}

/** In nats. */
function entropy(sizes: Float64Array): number {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let result = 0;
  for (const size of sizes) if (size > 0) result -= (size / total) * Math.log(size / total);
  return result;
}

/** In nats. */
function mutualInformation({ clusters, counts, classSizes, clusterSizes, total }: Contingency): number {
  let result = 0;
  for (let i = 0; i < classSizes.length; i++)
    for (let j = 0; j < clusters; j++) {
      const n = counts[i * clusters + j];
      if (n > 0) result += (n / total) * Math.log((total * n) / (classSizes[i] * clusterSizes[j]));
    }
  return Math.max(0, result);
}

/**
 * E[MI] of two random labellings with these sizes a_i, b_j: the sum over cells and n = max(1, a+b-N) .. min(a,b) of
 * n/N log(N n / (a b)) times the hypergeometric probability of n (Vinh, Epps, Bailey 2010, eq. 24a).
 */
function expectedMutualInformation({ classSizes, clusterSizes, total }: Contingency): number {
  const logFactorial = new Float64Array(total + 1);
  for (let n = 2; n <= total; n++) logFactorial[n] = logFactorial[n - 1] + Math.log(n);
  // Sizes repeat rarely but clusters are many: one cell costs min(a,b) terms.
  let result = 0;
  for (const a of classSizes)
    for (const b of clusterSizes) {
      if (a === 0 || b === 0) continue;
      const first = Math.max(1, a + b - total);
      const last = Math.min(a, b);
      const fixed =
        logFactorial[a] + logFactorial[b] + logFactorial[total - a] + logFactorial[total - b] - logFactorial[total];
      const scale = Math.log(total) - Math.log(a) - Math.log(b);
      let sum = 0;
      for (let n = first; n <= last; n++) {
        const logProbability =
          fixed - logFactorial[n] - logFactorial[a - n] - logFactorial[b - n] - logFactorial[total - a - b + n];
        // Below e^-60 of one, a term cannot show in the sum.
        if (logProbability > -60) sum += n * (scale + Math.log(n)) * Math.exp(logProbability);
      }
      result += sum / total;
    }
  return result;
}
