import type { LabelMap } from "../dataset/labelMap.ts";
import { portraitPainter } from "./painter.ts";
import { drawPortrait, type Portrait } from "./portrait.ts";

/** A drawn portrait and the class of every pixel. */
export interface PortraitPicture {
  /** [side * side * 3], 0 to 255. */
  readonly rgb: Uint8Array;
  /** The part that most of a pixel shows. */
  readonly labels: LabelMap;
}

/** A pixel at an edge is the mean of SAMPLES x SAMPLES places; odd, so that one is its middle. */
const SAMPLES = 3;
/** A difference to a neighbour, of 1, from which a pixel is looked at more closely. */
const EDGE = 0.07;

/**
 * Renders a portrait with `side` pixels a side: the same scene at every size. Pixels at edges are means of several places, with
 * the part that most of them show as label; where two show as often, the one at the pixel's middle counts.
 */
export function renderPortrait(portrait: Portrait, side: number): PortraitPicture {
  const paint = portraitPainter(portrait);
  const color = new Float64Array(3);
  const colors = new Float32Array(side * side * 3);
  const middles = new Uint8Array(side * side);
  const step = 2 / side;
  for (let p = 0; p < middles.length; p++) {
    middles[p] = paint(((p % side) + 0.5) * step - 1, (Math.floor(p / side) + 0.5) * step - 1, color);
    for (let c = 0; c < 3; c++) colors[p * 3 + c] = clip(color[c]);
  }
  const differs = (p: number, q: number): boolean =>
    middles[p] !== middles[q] ||
    Math.abs(colors[p * 3] - colors[q * 3]) > EDGE ||
    Math.abs(colors[p * 3 + 1] - colors[q * 3 + 1]) > EDGE ||
    Math.abs(colors[p * 3 + 2] - colors[q * 3 + 2]) > EDGE;
  const atEdge = new Uint8Array(side * side);
  const mark = (p: number, q: number): void => {
    if (atEdge[p] === 1 && atEdge[q] === 1) return;
    if (differs(p, q)) atEdge[p] = atEdge[q] = 1;
  };
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const p = y * side + x;
      if (x + 1 < side) mark(p, p + 1);
      if (y + 1 < side) mark(p, p + side);
    }
  const rgb = new Uint8Array(side * side * 3);
  const data = new Uint8Array(side * side);
  const votes = new Uint8Array(256);
  const seen = new Uint8Array(SAMPLES * SAMPLES);
  const middle = (seen.length - 1) / 2;
  for (let p = 0; p < data.length; p++) {
    let [r, g, b] = [colors[p * 3], colors[p * 3 + 1], colors[p * 3 + 2]];
    data[p] = middles[p];
    if (atEdge[p] === 1) {
      const left = (p % side) * step - 1;
      const top = Math.floor(p / side) * step - 1;
      for (let k = 0; k < seen.length; k++) {
        seen[k] = middles[p];
        if (k !== middle) {
          const x = left + (((k % SAMPLES) + 0.5) / SAMPLES) * step;
          const y = top + ((Math.floor(k / SAMPLES) + 0.5) / SAMPLES) * step;
          seen[k] = paint(x, y, color);
          r += clip(color[0]);
          g += clip(color[1]);
          b += clip(color[2]);
        }
        votes[seen[k]]++;
      }
      for (const part of seen) if (votes[part] > votes[data[p]]) data[p] = part;
      for (const part of seen) votes[part] = 0;
      r /= seen.length;
      g /= seen.length;
      b /= seen.length;
    }
    rgb[p * 3] = Math.round(r * 255);
    rgb[p * 3 + 1] = Math.round(g * 255);
    rgb[p * 3 + 2] = Math.round(b * 255);
  }
  return { rgb, labels: { width: side, height: side, data } };
}

const clip = (x: number): number => (x < 0 ? 0 : x > 1 ? 1 : x);

/**
 * The portrait of a seed, an integer in [0, 2^32), with `side` pixels a side: a pure function of both.
 *
 * @example
 * const { rgb, labels } = portraitOf(7, 32);
 * console.log(rgb.length, labels.width); // 3072 32
 */
export const portraitOf = (seed: number, side: number): PortraitPicture => renderPortrait(drawPortrait(seed), side);

/** Counts up whenever the same seed would give another picture. */
export const PORTRAIT_VERSION = 1;
