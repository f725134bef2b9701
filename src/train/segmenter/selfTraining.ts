/**
 * Learning from pictures without labels, as FixMatch (Sohn et al., 2020) does it: the averaged network ("mean teacher", Tarvainen
 * and Valpola, 2017) labels a weakly changed view, and where it is sure of a pixel the network learns to say the same of a
 * strongly changed one. A class of which the teacher is less sure in general has a lower threshold (FreeMatch, Wang et al.,
 * 2023, equation 7), so that rare classes do not starve; pictures are mixed by rectangles (CutMix, Yun et al., 2019).
 */
import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import type { RandomState } from "../../tensor/random.ts";

/** What the teacher says of one picture: class and probability of each pixel. */
export interface PseudoLabels {
  readonly labels: Uint8Array;
  readonly confidence: Float32Array;
}

/** The part of the past in the running confidence of each class, by update. */
const CONFIDENCE_DECAY = 0.99;

/** The running mean confidence of each class after more pictures; of a class that they have not got it stays. */
export function nextConfidences(before: readonly number[], pictures: readonly PseudoLabels[]): number[] {
  const [sums, counts] = [before.map(() => 0), before.map(() => 0)];
  for (const { labels, confidence } of pictures)
    labels.forEach((label, p) => {
      if (label >= before.length) return;
      sums[label] += confidence[p];
      counts[label]++;
    });
  return before.map((old, c) =>
    counts[c] === 0 ? old : CONFIDENCE_DECAY * old + (1 - CONFIDENCE_DECAY) * (sums[c] / counts[c]),
  );
}

/** The threshold of each class: that of the surest is `threshold`, others are lower as their confidence is. */
export function classThresholds(confidences: readonly number[], threshold: number): number[] {
  const surest = Math.max(...confidences);
  return confidences.map((confidence) => (threshold * confidence) / surest);
}

/** The labels where they are sure enough, 255 elsewhere. */
export const sureLabels = ({ labels, confidence }: PseudoLabels, thresholds: readonly number[]): Uint8Array =>
  labels.map((label, p) => (confidence[p] >= (thresholds[label] ?? Number.POSITIVE_INFINITY) ? label : IGNORE_LABEL));

/** Pixels of a square. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A rectangle of a fifth to half of a square's area, anywhere in it. */
export function drawRectangle(random: RandomState, side: number): Rectangle {
  const share = 0.2 + 0.3 * random.randomSample();
  const ratio = 2 ** (2 * random.randomSample() - 1);
  const width = Math.min(side, Math.round(side * Math.sqrt(share * ratio)));
  const height = Math.min(side, Math.round(side * Math.sqrt(share / ratio)));
  const [left, top] = [side - width, side - height].map((room) => random.randint(room + 1));
  return { left, top, width, height };
}

/** `onto` [C,S,S] with the rectangle of `from` in it; a copy. */
export function pasted<T extends Float32Array | Uint8Array>(onto: T, from: T, side: number, box: Rectangle): T {
  const out = onto.slice() as T;
  for (let plane = 0; plane < onto.length; plane += side * side)
    for (let y = box.top; y < box.top + box.height; y++) {
      const at = plane + y * side + box.left;
      out.set(from.subarray(at, at + box.width) as T, at);
    }
  return out;
}
