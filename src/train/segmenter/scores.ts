/** How well found classes agree with true ones. */

export interface SegmenterScores {
  /** Share of pixels of the right class. */
  readonly accuracy: number;
  /** Of each class over all pixels; NaN for classes that neither appear nor are found. */
  readonly iou: readonly number[];
  /** Mean over the classes that have one. */
  readonly meanIou: number;
}

/** Counts pixels of many pictures. */
export interface ScoreCounter {
  /** Labels of the same pixels; where the true one is no class (255) the pixel is left out. */
  add(found: ArrayLike<number>, truth: ArrayLike<number>): void;
  scores(): SegmenterScores;
}

export function scoreCounter(classes: number): ScoreCounter {
  const [hit, found, there] = [0, 0, 0].map(() => new Float64Array(classes));
  return {
    add(labels, truth) {
      for (let p = 0; p < truth.length; p++) {
        if (truth[p] >= classes) continue;
        found[labels[p]]++;
        there[truth[p]]++;
        if (labels[p] === truth[p]) hit[truth[p]]++;
      }
    },
    scores() {
      const iou = Array.from(hit, (n, c) => n / (found[c] + there[c] - n));
      const known = iou.filter((x) => !Number.isNaN(x));
      const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
      return { accuracy: sum(hit) / sum(there), iou, meanIou: sum(known) / known.length };
    },
  };
}

/** The likeliest class of every pixel of logits [N,K,S,S], picture by picture, and its probability. */
export function likeliest(logits: {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}): { readonly labels: Uint8Array; readonly confidence: Float32Array }[] {
  const [N, K, H, W] = logits.shape;
  const area = H * W;
  const { data } = logits;
  return Array.from({ length: N }, (_, n) => {
    const labels = new Uint8Array(area);
    const confidence = new Float32Array(area);
    for (let p = 0; p < area; p++) {
      const at = n * K * area + p;
      let best = 0;
      for (let c = 1; c < K; c++) if (data[at + c * area] > data[at + best * area]) best = c;
      let sum = 0;
      for (let c = 0; c < K; c++) sum += Math.exp(data[at + c * area] - data[at + best * area]);
      labels[p] = best;
      confidence[p] = 1 / sum;
    }
    return { labels, confidence };
  });
}
