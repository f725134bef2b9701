/** Portraits with true labels as `portraitSegmenter.ts` shows them to the network, drawn while it learns. */
import { portraitClasses } from "../src/portraits/classes.ts";
import { portraitOf } from "../src/portraits/render.ts";
import { RandomState } from "../src/tensor/random.ts";
import { type Tensor, tensor } from "../src/tensor/tensor.ts";
import { type Example, planesOf, stacked } from "../src/train/examples.ts";
import { balancedWeights } from "../src/train/targets.ts";

/** Portraits from this number on are never learned from: measure on them. */
export const HELD_OUT_PORTRAITS = 2 ** 31;

/** The `count` portraits of a step of a run, none seen before in it, all others than in runs of other seeds below 1000. */
export function portraitExamples(side: number, count: number, step: number, seed: number): Example[] {
  // Runs have two million portraits each before they meet the next one's.
  const first = (seed % 1000) * 2_000_000 + step * count;
  return Array.from({ length: count }, (_, i) => portraitExample(first + i, side));
}

export const portraitExample = (number: number, side: number): Example => {
  const { rgb, labels } = portraitOf(number, side);
  return { rgb, labels: labels.data };
};

/** Pictures [N,3,S,S] in [-1, 1]. */
export const picturesTensor = (examples: readonly Pick<Example, "rgb">[], side: number): Tensor =>
  stacked(
    examples.map(({ rgb }) => planesOf(rgb, side)),
    side,
  );

/** One-hot labels times the classes' weights, [N,classes,S,S]. */
export function targetTensor(examples: readonly Example[], side: number, weights: ArrayLike<number>): Tensor {
  const area = side * side;
  const classes = weights.length;
  const result = tensor([examples.length, classes, side, side]);
  for (const [n, { labels }] of examples.entries())
    for (let p = 0; p < area; p++)
      if (labels[p] < classes) result.data[(n * classes + labels[p]) * area + p] = weights[labels[p]];
  return result;
}

/** Weights that make rarer classes count more. */
export function classWeights(examples: readonly Example[], classes = portraitClasses.length): number[] {
  const counts = new Float64Array(classes);
  for (const { labels } of examples) for (const id of labels) if (id < classes) counts[id]++;
  return balancedWeights(counts);
}

const BLUR_CHANCE = 0.5;
const MIRROR_CHANCE = 0.5;
const NOISE = 0.06;

/**
 * Changes pictures as generators do that have learned them imperfectly: colours drift, edges blur, noise. Pictures and targets may also
 * be mirrored. Both are changed in place.
 */
export function roughen(pictures: Tensor, target: Tensor, random: RandomState): void {
  const [N, C, side] = pictures.shape;
  const area = side * side;
  const row = new Float32Array(side);
  for (let n = 0; n < N; n++) {
    const noise = NOISE * random.randomSample() * random.randomSample();
    const gain = 1 + 0.25 * (2 * random.randomSample() - 1);
    const blur = random.randomSample() < BLUR_CHANCE ? random.randomSample() : 0;
    const mirror = random.randomSample() < MIRROR_CHANCE;
    for (let c = 0; c < C; c++) {
      const plane = pictures.data.subarray((n * C + c) * area, (n * C + c + 1) * area);
      const tint = gain * (1 + 0.1 * (2 * random.randomSample() - 1));
      const lift = 0.12 * (2 * random.randomSample() - 1);
      if (blur > 0) blurred(plane as Float32Array, side, blur, row);
      for (let p = 0; p < area; p++) plane[p] = plane[p] * tint + lift + (noise > 0.005 ? noise * random.randn() : 0);
    }
    if (mirror)
      for (const { data, shape } of [pictures, target])
        for (let at = n * shape[1] * area; at < (n + 1) * shape[1] * area; at += side)
          data.subarray(at, at + side).reverse();
  }
}

/** [share/4, 1 - share/2, share/4] along both axes. */
function blurred(plane: Float32Array, side: number, share: number, row: Float32Array): void {
  for (const [step, line] of [
    [1, side],
    [side, 1],
  ])
    for (let k = 0; k < side; k++) {
      for (let i = 0; i < side; i++) row[i] = plane[k * line + i * step];
      for (let i = 0; i < side; i++) {
        const before = row[Math.max(0, i - 1)];
        const after = row[Math.min(side - 1, i + 1)];
        plane[k * line + i * step] = row[i] * (1 - share / 2) + ((before + after) * share) / 4;
      }
    }
}

/** A stream for the roughness of a step. */
export const roughness = (seed: number, step: number): RandomState =>
  new RandomState((Math.imul(seed + 1, 0x9e3779b1) ^ step) >>> 0);
