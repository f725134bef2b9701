/**
 * Scores and the passes over all pixels as graphs, which run on any provider: the assignment step of K-means, and loss, counts and
 * gradient of one-vs-rest SVMs. A graph takes the features of a block of images, the rows of a classifier and what is known of the pixels, and
 * returns sums.
 *
 * Scores are S = sum_l (A_l x A_l) F_l W_l^T + b with F_l the level's pixels at their own resolution [pixels,C], A_l [R,h] the weights of
 * a bilinear resize, applied to lines and columns. They are linear in W, so a sum of features with weights g, X^T g, is the derivative of
 * S . g with respect to W: `grad` makes the adjoint of everything above.
 *
 * Inputs: `features<l>` [P,Q,C] (rows of level l, in groups), `weight<l>` [K,C], `bias` [1,1,K]; for SVMs also `label` [P,Q,1] and
 * `class` [1,1,K], whole numbers. Outputs are sums over groups of pixels: the caller adds the groups in float64.
 */
import { grad } from "../../graph/grad.ts";
import { graph } from "../../graph/graph.ts";
import {
  add,
  clip,
  concat,
  constant,
  input,
  leakyRelu,
  matmul,
  maxMask,
  mul,
  reduceMax,
  reduceSum,
  reshape,
  square,
  sub,
  transpose,
  withGradient,
} from "../../graph/ops/index.ts";
import { sumTo } from "../../graph/ops/sumTo.ts";
import { swapLastAxes } from "../../graph/ops/transpose.ts";
import type { Graph, Value } from "../../graph/value.ts";
import { bilinearMatrix } from "../../nn/resample.ts";
import type { StoredLevel } from "../pyramid/storedPyramid.ts";

/** The block of images and the number of classes that a graph is made for. */
export interface PassShape {
  readonly images: number;
  /** R. */
  readonly resolution: number;
  readonly levels: readonly Omit<StoredLevel, "first">[];
  /** The features are fed in half precision. Default false. */
  readonly half?: boolean;
  /** K. */
  readonly classes: number;
}

/** Pixels whose numbers one float32 sums up, at most. */
export const GROUP = 2048;

/** [P,Q]: `pixels` as P groups of Q <= 2048, the largest that fits. */
export function groups(pixels: number): readonly [number, number] {
  let size = Math.min(GROUP, pixels);
  while (pixels % size !== 0) size--;
  return [pixels / size, size];
}

/** Rows [P,Q,C] times `weight` [K,C], transposed: [P,Q,K]. The derivative turns the few classes' numbers, not the features. */
function linear(rows: Value, weight: Value): Value {
  const y = matmul(rows, transpose(weight, [1, 0]));
  return withGradient(y, [weight], (g) => [sumTo(matmul(swapLastAxes(g), rows), weight)]);
}

/** The scores of all pixels of the block [P,Q,K], and the weights that they depend on, per level. */
export function scoreGraph({ images, resolution: R, levels, half = false, classes: K }: PassShape): {
  readonly scores: Value;
  readonly weights: readonly Value[];
} {
  const pixels = [...groups(images * R * R), K];
  const smallest = levels.reduce((least, { size }, l) => (size < levels[least].size ? l : least), 0);
  const weights = levels.map(({ channels }, l) => input(`weight${l}`, [K, channels]));
  const parts: Value[] = [];
  const lines: Value[] = [];
  const matrices: Value[] = [];
  for (const [l, { size: h, channels }] of levels.entries()) {
    const rows = input(`features${l}`, [...groups(images * h * h), channels], { half });
    let scores = linear(rows, weights[l]);
    // The weights of a resize sum to one: the bias is added once, where the maps are smallest.
    if (l === smallest) scores = add(scores, input("bias", [1, 1, K]));
    if (h === R) {
      parts.push(reshape(scores, pixels));
      continue;
    }
    const matrix = bilinearMatrix(h, R, { alignCorners: true });
    const tall = matmul(matrix, reshape(scores, [images, h, h * K]));
    lines.push(reshape(tall, [images * R, h, K]));
    matrices.push(matrix);
  }
  // One product widens the lines of all levels, and adds them up.
  if (lines.length > 0) parts.push(reshape(matmul(concat(matrices, 1), concat(lines, 1)), pixels));
  return { scores: parts.reduce((a, b) => add(a, b)), weights };
}

/** The sums X^T g of every level, for weights `g` of the pixels: `sums<l>` [K,C]. */
function featureSums(scores: Value, weights: readonly Value[], g: Value): Record<string, Value> {
  return Object.fromEntries(grad(scores, weights, g).map((sums, l) => [`sums${l}`, sums]));
}

/** All `scores` [P,Q,K]. */
export const scoresGraph = (shape: PassShape): Graph => graph({ scores: scoreGraph(shape).scores });

/** Their adjoint: `sums<l>` [K,C] of features with the weights `factor` [P,Q,K]. */
export function sumsGraph(shape: PassShape): Graph {
  const { scores, weights } = scoreGraph(shape);
  return graph(featureSums(scores, weights, input("factor", scores.shape)));
}

/** 1 where `label` [P,Q,1] is the class [1,1,K], else 0; both are whole numbers. */
const isClass = (label: Value, classes: Value): Value => clip(sub(1, square(sub(label, classes))), 0, 1);

const labelInput = (name: string, { images, resolution }: PassShape): Value =>
  input(name, [...groups(images * resolution ** 2), 1]);

/**
 * K-means: `label` [P,Q,1], the best class of each pixel, the first of equal ones; `scored` [P,1,1], the sums of the best scores; and,
 * if asked for, `sums<l>` [K,C], the sums of features of each class, or their change since the labels `before` [P,Q,1].
 */
export function nearestGraph(shape: PassShape, sums: "none" | "all" | "change"): Graph {
  const { classes: K } = shape;
  const { scores, weights } = scoreGraph(shape);
  const best = reduceMax(scores, [2]);
  const count = (number: (c: number) => number): Value =>
    constant(
      [1, 1, K],
      Float32Array.from({ length: K }, (_, c) => number(c)),
    );
  // Of the classes with the best score, the first has the highest rank.
  const rank = mul(
    maxMask(scores, best),
    count((c) => K - c),
  );
  const top = reduceMax(rank, [2]);
  const own = maxMask(rank, top);
  const change = () =>
    sub(
      own,
      isClass(
        labelInput("before", shape),
        count((c) => c),
      ),
    );
  return graph({
    label: sub(K, top),
    scored: reduceSum(best, [1, 2]),
    ...(sums === "none" ? {} : featureSums(scores, weights, sums === "all" ? own : change())),
  });
}

/** Steep enough that a score of any normal size lands on one side. */
const STEEP = 1e30;

/**
 * Squared hinge losses of Eq. 3. Of pixels with score s, y = +1 where the label is the class and -1 elsewhere, margin = 1 - y s: sums
 * [P,1,K] of max(0, margin)^2 (`loss`), of max(0, margin) (`pull`), of y max(0, margin) (`signedPull`), the numbers of pixels with s > 0
 * (`predicted`), and of those with y = 1 (`truePositive`). If asked for, `sums<l>` [K,C] of y max(0, margin) x, which is -1/2 of the
 * derivative of the loss, and all `scores` [P,Q,K].
 */
export function svmGraph(
  shape: PassShape,
  { gradient, scores: wanted }: { readonly gradient: boolean; readonly scores: boolean },
): Graph {
  const { scores, weights } = scoreGraph(shape);
  const own = isClass(labelInput("label", shape), input("class", [1, 1, shape.classes]));
  const sign = sub(mul(own, 2), 1);
  const hinge = leakyRelu(sub(1, mul(sign, scores)), 0);
  const pulls = mul(sign, hinge);
  const positive = clip(mul(scores, STEEP), 0, 1);
  const total = (x: Value): Value => reduceSum(x, [1]);
  return graph({
    loss: total(square(hinge)),
    pull: total(hinge),
    signedPull: total(pulls),
    predicted: total(positive),
    truePositive: total(mul(positive, own)),
    ...(gradient ? featureSums(scores, weights, pulls) : {}),
    ...(wanted ? { scores } : {}),
  });
}
