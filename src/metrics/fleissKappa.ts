/** How far several label maps of one size agree, place by place. */

export interface Agreement {
  /** Over all classes: 1, the maps are the same; 0, they agree as far as maps of these areas do by chance. */
  readonly kappa: number;
  /** By class, [k]; NaN for a class that is nowhere, or everywhere. */
  readonly byClass: Float64Array;
}

/**
 * Fleiss' kappa of `maps` label maps of `places` places each: the places are the subjects, the maps the raters. Two maps agree at a place
 * with probability A = mean over places of sum_k n_k (n_k - 1) / (N (N - 1)), by chance with E = sum_k p_k^2; kappa = (A - E) / (1 - E).
 * By class: 1 - sum over places of n_k (N - n_k) / (places N (N - 1) p_k (1 - p_k)). Fleiss, "Measuring nominal scale agreement among many
 * raters", Psychological Bulletin 76, 1971. `labels`, [maps, places], lie in [0, k). Throws RangeError for fewer than two maps, and
 * where the labels are not as many.
 */
export function fleissKappa(labels: ArrayLike<number>, maps: number, k: number): Agreement {
  const places = labels.length / maps;
  if (maps < 2 || !Number.isInteger(places) || places < 1)
    throw new RangeError(
      `fleissKappa: expected at least two maps of one size, got ${labels.length} labels in ${maps} maps`,
    );
  const pairs = maps * (maps - 1);
  const total = new Float64Array(k);
  const differing = new Float64Array(k);
  const here = new Float64Array(k);
  for (let place = 0; place < places; place++) {
    here.fill(0);
    for (let map = 0; map < maps; map++) here[labels[map * places + place]]++;
    for (let c = 0; c < k; c++) {
      total[c] += here[c];
      differing[c] += here[c] * (maps - here[c]);
    }
  }
  const share = total.map((n) => n / labels.length);
  const byChance = share.reduce((sum, p) => sum + p * p, 0);
  const observed = 1 - differing.reduce((a, b) => a + b, 0) / (places * pairs);
  return {
    kappa: byChance < 1 ? (observed - byChance) / (1 - byChance) : 1,
    byClass: share.map((p, c) => 1 - differing[c] / (places * pairs * p * (1 - p))),
  };
}
