/** What judges paintings while a painter learns. */
import { add, concat, leakyRelu } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import type { ParameterTable } from "../../nn/parameters.ts";
import { averagePool } from "../../nn/pooling.ts";
import { instanceNorm } from "../../nn/progressiveLayers.ts";
import { nearestMatrix, resize } from "../../nn/resample.ts";
import { convolved, convParameters, type Weights } from "./layers.ts";

const SLOPE = 0.2;
const lrelu = (x: Value): Value => leakyRelu(x, SLOPE);

/** OASIS's discriminator: channels of its levels, the finest first. Sides are multiples of 2^levels. */
export interface OasisPlan {
  readonly channels: readonly number[];
}

/** Weights by name: down<i> and up<i> are residual blocks of two 3x3 convolutions, `classes` the last layer. */
export function oasisParameters({ channels }: OasisPlan, classes: number): ParameterTable {
  const block = (name: string, inputs: number, outputs: number) => [
    ...convParameters(`${name}.conv0`, [outputs, inputs, 3]),
    ...convParameters(`${name}.conv1`, [outputs, outputs, 3]),
    ...convParameters(`${name}.shortcut`, [outputs, inputs, 1], { bias: false }),
  ];
  return new Map([
    ...channels.flatMap((C, i) => block(`down${i}`, i === 0 ? 3 : channels[i - 1], C)),
    ...channels.flatMap((C, i) => {
      const deepest = i === channels.length - 1;
      return block(`up${i}`, deepest ? C : 2 * C, i === 0 ? channels[0] : channels[i - 1]);
    }),
    ...convParameters("classes", [classes + 1, channels[0], 1], { spectral: false }),
  ]);
}

/**
 * Logits [N,K+1,S,S] of what each pixel of pictures [N,3,S,S] is: one of the K classes, or painted. A U-Net of residual blocks (Sushko et
 * al., 2021; Schönfeld et al., 2020, "A U-Net based discriminator for generative adversarial networks").
 */
export function oasisLogits({ channels }: OasisPlan, weights: Weights, pictures: Value): Value {
  const named = (x: Value, name: string): Value => convolved(weights, x, name);
  const halved = (x: Value): Value => averagePool(x, { kernel: 2 });
  const skips: Value[] = [];
  let x = pictures;
  for (const i of channels.keys()) {
    const seen = i === 0 ? x : lrelu(x);
    const inner = named(lrelu(named(seen, `down${i}.conv0`)), `down${i}.conv1`);
    // A 1x1 convolution and a mean commute; the smaller maps are cheaper.
    x = add(halved(inner), named(halved(x), `down${i}.shortcut`));
    skips.push(x);
  }
  for (let i = channels.length - 1; i >= 0; i--) {
    const both = i === channels.length - 1 ? x : concat([x, skips[i]], 1);
    const enlarged = (y: Value): Value => resize(y, [2 * y.shape[2], 2 * y.shape[3]], nearestMatrix);
    const inner = named(lrelu(named(enlarged(lrelu(both)), `up${i}.conv0`)), `up${i}.conv1`);
    x = add(inner, enlarged(named(both, `up${i}.shortcut`)));
  }
  return named(lrelu(x), "classes");
}

/** GauGAN's discriminator: `layers` convolutions of 4x4 at each of `scales` sizes, from `width` channels on. */
export interface PatchPlan {
  readonly scales: number;
  readonly width: number;
  readonly layers: number;
}

/** As published: four layers at two scales, from 64 channels. */
export const gauganPatches: PatchPlan = { scales: 2, width: 64, layers: 4 };

const PATCH_KERNEL = 4;
const PATCH_PADDING = 2;

/** Weights by name: <scale>.<layer>, and <scale>.last for the logits. */
export function patchParameters({ scales, width, layers }: PatchPlan, classes: number): ParameterTable {
  const channelsOf = (layer: number): number => width * Math.min(8, 2 ** layer);
  return new Map(
    Array.from({ length: scales }, (_, scale) => [
      ...Array.from({ length: layers }, (__, layer) =>
        convParameters(
          `${scale}.${layer}`,
          [channelsOf(layer), layer === 0 ? classes + 3 : channelsOf(layer - 1), PATCH_KERNEL],
          // Instance normalisation would take a bias away again.
          { bias: layer === 0, spectral: layer > 0 },
        ),
      ).flat(),
      ...convParameters(`${scale}.last`, [1, channelsOf(layers - 1), PATCH_KERNEL], { spectral: false }),
    ]).flat(),
  );
}

/** What one scale sees: its layers' maps, and the logits of its patches [N,1,h,w]. */
export interface PatchJudgement {
  readonly features: readonly Value[];
  readonly logits: Value;
}

/** Judges pictures beside their masks, [N,K+3,S,S], at every scale. */
export function patchJudgements({ scales, layers }: PatchPlan, weights: Weights, pictures: Value): PatchJudgement[] {
  let seen = pictures;
  return Array.from({ length: scales }, (_, scale) => {
    if (scale > 0) seen = averagePool(seen, { kernel: 3, stride: 2, padding: 1, countPadding: false });
    let x = seen;
    const features: Value[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const stride = layer === layers - 1 ? 1 : 2;
      const y = convolved(weights, x, `${scale}.${layer}`, { stride, padding: PATCH_PADDING });
      x = lrelu(layer === 0 ? y : instanceNorm(y));
      features.push(x);
    }
    return { features, logits: convolved(weights, x, `${scale}.last`, { padding: PATCH_PADDING }) };
  });
}
