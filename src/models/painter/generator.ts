/** The generator: from a mask and styles to a picture. */
import { add, constant, conv, input, leakyRelu, matmul, reshape, tanh, transpose } from "../../graph/ops/index.ts";
import { swapLastAxes } from "../../graph/ops/transpose.ts";
import type { Value } from "../../graph/value.ts";
import { batchNorm, frozenBatchNorm, runningStatistics } from "../../nn/batchNorm.ts";
import { filled, normal, type ParameterSpec, type ParameterTable } from "../../nn/parameters.ts";
import { pixelAffine, regionAffine, resizedMask } from "../../nn/regions.ts";
import { nearestMatrix, resize } from "../../nn/resample.ts";
import { normalizeSecondMoment } from "../../nn/styleLayers.ts";
import { convolved, convParameters, type Weights } from "./layers.ts";
import { type PainterPlan, sideMultiple } from "./plan.ts";

const SLOPE = 0.2;
const KERNEL = 3;

interface Block {
  readonly name: string;
  readonly inputs: number;
  /** Between the two convolutions. */
  readonly inner: number;
  readonly outputs: number;
  readonly enlarge: boolean;
}

const blocksOf = ({ start, blocks }: PainterPlan): Block[] =>
  blocks.map(({ channels, enlarge }, i) => {
    const inputs = i === 0 ? start : blocks[i - 1].channels;
    return { name: `block${i}`, inputs, inner: Math.min(inputs, channels), outputs: channels, enlarge };
  });

/** Weights of the normalisation and of what modulates it. */
function normParameters(plan: PainterPlan, classes: number, name: string, channels: number): [string, ParameterSpec][] {
  const statistic = (value: number): ParameterSpec => ({ ...filled([channels], value), trained: false });
  if (plan.modulation === "spade")
    return [
      [`${name}.running_mean`, statistic(0)],
      [`${name}.running_var`, statistic(1)],
      ...convParameters(`${name}.hidden`, [plan.hidden, classes, KERNEL], { spectral: false }),
      ...convParameters(`${name}.affine`, [2 * channels, plan.hidden, KERNEL], { spectral: false }),
    ];
  return [
    [`${name}.scale`, normal([channels, classes], 0.2)],
    [`${name}.shift`, normal([channels, classes], 0.2)],
    [`${name}.style_scale`, normal([channels, plan.styleSize], 0.1)],
    [`${name}.style_shift`, normal([channels, plan.styleSize], 0.1)],
  ];
}

/** Side of the first maps. */
const startSide = (plan: PainterPlan, side: number): number => side / sideMultiple(plan);

/** Weights by name; pictures have `side` pixels. */
export function generatorParameters(plan: PainterPlan, classes: number, side: number): ParameterTable {
  const first = startSide(plan, side);
  const last = plan.blocks[plan.blocks.length - 1].channels;
  const start: [string, ParameterSpec][] =
    plan.modulation === "spade"
      ? [
          ["start.matrix", normal([plan.start * first * first, plan.styleSize], Math.sqrt(1 / plan.styleSize))],
          ["start.bias", filled([plan.start * first * first])],
        ]
      : convParameters("start", [plan.start, classes, KERNEL]);
  return new Map([
    ...start,
    ...blocksOf(plan).flatMap(({ name, inputs, inner, outputs }) => [
      ...normParameters(plan, classes, `${name}.norm0`, inputs),
      ...convParameters(`${name}.conv0`, [inner, inputs, KERNEL]),
      ...normParameters(plan, classes, `${name}.norm1`, inner),
      ...convParameters(`${name}.conv1`, [outputs, inner, KERNEL]),
      ...(inputs === outputs
        ? []
        : [
            ...normParameters(plan, classes, `${name}.norm2`, inputs),
            ...convParameters(`${name}.shortcut`, [outputs, inputs, 1], { bias: false }),
          ]),
    ]),
    ...convParameters("colours", [3, last, KERNEL]),
  ]);
}

/** Normalises the maps of SPADE by the weights of that name. */
export type Normalise = (x: Value, name: string) => Value;

const plainAffine = (channels: number): { scale: Value; shift: Value } => ({
  scale: constant([channels], new Float32Array(channels).fill(1)),
  shift: constant([channels], new Float32Array(channels)),
});

/** [2C]: ones, then zeros. */
const unitScales = (C: number): Value =>
  constant(
    [2 * C],
    Float32Array.from({ length: 2 * C }, (_, i) => (i < C ? 1 : 0)),
  );

/** Batch normalisation by the batch's own statistics, without scale and shift; `statistics` fills with the next running ones. */
export function trainingNormalise(weights: Weights): {
  normalise: Normalise;
  statistics: ReadonlyMap<string, Value>;
} {
  const statistics = new Map<string, Value>();
  const normalise: Normalise = (x, name) => {
    const [N, C, H, W] = x.shape;
    const normalised = batchNorm(x, plainAffine(C));
    const next = runningStatistics(statisticsOf(weights, name), normalised, { count: N * H * W });
    statistics.set(`${name}.running_mean`, next.mean);
    statistics.set(`${name}.running_var`, next.variance);
    return normalised.y;
  };
  return { normalise, statistics };
}

/** The same by the running statistics: each pixel by itself, so that what is far from an edit stays as it is. */
export const frozenNormalise =
  (weights: Weights): Normalise =>
  (x, name) =>
    frozenBatchNorm(x, plainAffine(x.shape[1]), statisticsOf(weights, name));

const statisticsOf = (weights: Weights, name: string): { mean: Value; variance: Value } => ({
  mean: weights.get(`${name}.running_mean`) as Value,
  variance: weights.get(`${name}.running_var`) as Value,
});

/**
 * Pictures [N,3,S,S] in [-1,1] of masks [N,K,S,S] in styles [N,P,d]. Of CLADE's maps, each pixel is normalised by itself (as ProGAN's are), and
 * not over the batch: what was learned holds as it is for one picture, where batch statistics left dark blots while they lagged behind.
 */
export function generate(plan: PainterPlan, weights: Weights, normalise: Normalise, mask: Value, styles: Value): Value {
  const [N, , side] = mask.shape;
  const weight = (name: string): Value => weights.get(name) as Value;
  const first = startSide(plan, side);

  const modulated = (x: Value, name: string): Value => {
    const [, C, H, W] = x.shape;
    const there = resizedMask(mask, [H, W]);
    if (plan.modulation === "spade") {
      const hidden = leakyRelu(convolved(weights, there, `${name}.hidden`), 0);
      // 1 is added to the scales' biases: the maps would cost a pass.
      const bias = add(weight(`${name}.affine.bias`), unitScales(C));
      const affine = conv(hidden, weight(`${name}.affine.kernel`), { padding: 1, bias });
      return pixelAffine(normalise(x, name), affine);
    }
    /** [N,C,K]: what the class has, and what its style adds. */
    const table = (part: string): Value =>
      add(weight(`${name}.${part}`), matmul(weight(`${name}.style_${part}`), swapLastAxes(styles)));
    return regionAffine(normalizeSecondMoment(x), there, { scale: table("scale"), shift: table("shift") });
  };
  const convolvedAfter = (x: Value, norm: string, conv: string): Value =>
    convolved(weights, leakyRelu(modulated(x, norm), SLOPE), conv);

  let x: Value;
  if (plan.modulation === "spade") {
    const flat = reshape(styles, [N, plan.styleSize]);
    const matrix = weight("start.matrix");
    const level = add(matmul(flat, transpose(matrix, [1, 0])), reshape(weight("start.bias"), [1, matrix.shape[0]]));
    x = reshape(level, [N, plan.start, first, first]);
  } else x = convolved(weights, resizedMask(mask, [first, first]), "start");
  for (const { name, inputs, outputs, enlarge } of blocksOf(plan)) {
    if (enlarge) x = resize(x, [2 * x.shape[2], 2 * x.shape[3]], nearestMatrix);
    const shortcut = inputs === outputs ? x : convolved(weights, modulated(x, `${name}.norm2`), `${name}.shortcut`);
    x = add(
      shortcut,
      convolvedAfter(convolvedAfter(x, `${name}.norm0`, `${name}.conv0`), `${name}.norm1`, `${name}.conv1`),
    );
  }
  return tanh(convolved(weights, leakyRelu(x, SLOPE), "colours"));
}

/** The inputs of a painter's graph for N pictures. */
export const painterInputs = (
  N: number,
  { classes, places, side, styleSize }: { classes: number; places: number; side: number; styleSize: number },
): { mask: Value; styles: Value } => ({
  mask: input("mask", [N, classes, side, side]),
  styles: input("styles", [N, places, styleSize]),
});
