/**
 * What a segmenter thinks of a picture: one map of probabilities per class, at the segmenter's own size, and the labels of the
 * picture's pixels that follow. Letters: K classes, h x w the maps' size.
 */
import { IGNORE_LABEL, type LabelMap } from "../../dataset/labelMap.ts";

export interface ScoreMaps {
  readonly classes: number;
  readonly height: number;
  readonly width: number;
  /** [K,h,w]; at each pixel they sum to 1. */
  readonly data: Float32Array;
}

/** A part of maps or pictures, in their own units; edges may lie between pixels. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Softmax over the K classes of `logits` [K,h,w], from `offset` on. One logit alone (K = 1) stands for the second of two
 * classes: the maps are then 1 - sigmoid and sigmoid.
 */
export function probabilities(
  logits: Float32Array,
  offset: number,
  { classes, height, width }: Omit<ScoreMaps, "data">,
): ScoreMaps {
  const area = height * width;
  const K = Math.max(2, classes);
  const data = new Float32Array(K * area);
  for (let p = 0; p < area; p++) {
    if (classes === 1) {
      const x = 1 / (1 + Math.exp(-logits[offset + p]));
      data[p] = 1 - x;
      data[area + p] = x;
      continue;
    }
    let most = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < K; c++) most = Math.max(most, logits[offset + c * area + p]);
    let sum = 0;
    for (let c = 0; c < K; c++) {
      const power = Math.exp(logits[offset + c * area + p] - most);
      data[c * area + p] = power;
      sum += power;
    }
    for (let c = 0; c < K; c++) data[c * area + p] /= sum;
  }
  return { classes: K, height, width, data };
}

/** Maps of a segmenter that gives labels [h,w] only: 1 for the class, 0 for all others. Labels outside 0 to K - 1 count for none. */
export function oneHotMaps(labels: ArrayLike<number>, { classes, height, width }: Omit<ScoreMaps, "data">): ScoreMaps {
  const area = height * width;
  const data = new Float32Array(classes * area);
  for (let p = 0; p < area; p++) if (labels[p] < classes) data[labels[p] * area + p] = 1;
  return { classes, height, width, data };
}

/** The maps of a picture that was turned left to right, turned back; `swap` names the class that each class becomes. */
export function mirrored({ classes, height, width, data }: ScoreMaps, swap: ArrayLike<number>): ScoreMaps {
  const out = new Float32Array(data.length);
  for (let c = 0; c < classes; c++)
    for (let y = 0; y < height; y++) {
      const from = (swap[c] * height + y) * width;
      const to = (c * height + y) * width;
      for (let x = 0; x < width; x++) out[to + x] = data[from + width - 1 - x];
    }
  return { classes, height, width, data: out };
}

/** Where a sample of a line reads: between `low` and `high`, `fraction` of the way. */
interface Place {
  readonly low: number;
  readonly high: number;
  readonly fraction: number;
}

/**
 * Places of the centres of `to` pixels that cover `extent` samples from `start` on, in a line of `from` samples; the outermost
 * samples are repeated outwards.
 */
function places(from: number, start: number, extent: number, to: number): Place[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(Math.max(start + ((i + 0.5) * extent) / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), fraction: at - low };
  });
}

export interface LabelledPicture {
  readonly labels: LabelMap;
  /** The winning class's probability, averaged over the pixels that are not ignored; 0 where all are. */
  readonly confidence: number;
}

/**
 * The classes of a picture of width x height pixels that fills `window` of the maps (all by default): the maps of each score in
 * `seen` are interpolated linearly at the picture's pixels and added up; the largest sum wins, the first of equal ones. Where its
 * share is below `ignoreBelow`, the pixel gets IGNORE_LABEL. Memory does not grow with K times the picture: one line is widened at a time.
 */
export function labelPicture(
  seen: readonly { readonly maps: ScoreMaps; readonly window: Window }[],
  { width, height }: { readonly width: number; readonly height: number },
  ignoreBelow = 0,
): LabelledPicture {
  const K = Math.max(...seen.map(({ maps }) => maps.classes));
  const views = seen.map(({ maps, window }) => ({
    ...maps,
    columns: places(maps.width, window.left, window.width, width),
    rows: places(maps.height, window.top, window.height, height),
    line: new Float32Array(maps.width),
  }));
  const labels = new Uint8Array(width * height);
  const best = new Float32Array(width);
  const sums = new Float32Array(width);
  let certain = 0;
  let confidence = 0;
  for (let y = 0; y < height; y++) {
    const row = labels.subarray(y * width, (y + 1) * width);
    best.fill(-1);
    for (let c = 0; c < K; c++) {
      sums.fill(0);
      for (const view of views) if (c < view.classes) addLine(view, c, y, sums);
      for (let x = 0; x < width; x++)
        if (sums[x] > best[x]) {
          best[x] = sums[x];
          row[x] = c;
        }
    }
    for (let x = 0; x < width; x++) {
      const share = best[x] / views.length;
      if (share < ignoreBelow) row[x] = IGNORE_LABEL;
      else {
        certain++;
        confidence += share;
      }
    }
  }
  return { labels: { width, height, data: labels }, confidence: certain === 0 ? 0 : confidence / certain };
}

type View = ScoreMaps & { readonly columns: Place[]; readonly rows: Place[]; readonly line: Float32Array };

/** Adds class `c` at row `y` of the picture. */
function addLine({ data, width, height, columns, rows, line }: View, c: number, y: number, sums: Float32Array): void {
  const { low, high, fraction } = rows[y];
  const upper = (c * height + low) * width;
  const lower = (c * height + high) * width;
  for (let x = 0; x < width; x++) line[x] = data[upper + x] * (1 - fraction) + data[lower + x] * fraction;
  for (let x = 0; x < sums.length; x++) {
    const place = columns[x];
    sums[x] += line[place.low] * (1 - place.fraction) + line[place.high] * place.fraction;
  }
}
