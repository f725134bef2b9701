/** The style encoder: what the parts of a picture look like, as one code each; or the whole picture as one. */
import { add, leakyRelu, matmul, reshape, transpose } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { filled, normal, type ParameterSpec, type ParameterTable } from "../../nn/parameters.ts";
import { everywhere, regionMeans, resizedMask } from "../../nn/regions.ts";
import { convolved, convParameters, type Weights } from "./layers.ts";
import type { PainterPlan } from "./plan.ts";

const SLOPE = 0.2;
const KERNEL = 3;

const linear = (name: string, outputs: number, inputs: number): [string, ParameterSpec][] => [
  [`${name}.matrix`, normal([outputs, inputs], Math.sqrt(1 / inputs))],
  [`${name}.bias`, filled([outputs])],
];

/** Weights by name. A painter of whole styles has a second line: the logarithms of the codes' variances. */
export function encoderParameters({ encoder, styleSize, modulation }: PainterPlan): ParameterTable {
  const features = encoder[encoder.length - 1].channels;
  return new Map([
    ...encoder.flatMap(({ channels }, i) =>
      convParameters(`encoder.${i}`, [channels, i === 0 ? 3 : encoder[i - 1].channels, KERNEL]),
    ),
    ...linear("encoder.code", styleSize, features),
    ...(modulation === "spade" ? linear("encoder.spread", styleSize, features) : []),
  ]);
}

/** Codes of pictures, [N,P,d] each. */
export interface Codes {
  readonly means: Value;
  /** Of a painter of whole styles. */
  readonly logVariances?: Value;
}

/**
 * Codes of pictures [N,3,S,S] whose parts are those of a mask [N,K,S,S]: features averaged over each part's pixels, and a linear map. That
 * of a class that is not there says nothing.
 */
export function encode(plan: PainterPlan, weights: Weights, pictures: Value, mask: Value): Codes {
  let x = pictures;
  for (const [i, { stride }] of plan.encoder.entries())
    x = leakyRelu(convolved(weights, x, `encoder.${i}`, { stride }), SLOPE);
  const size = [x.shape[2], x.shape[3]] as const;
  const means = regionMeans(x, plan.modulation === "clade" ? resizedMask(mask, size) : everywhere(1, size));
  const mapped = (name: string): Value => {
    const bias = weights.get(`${name}.bias`) as Value;
    const product = matmul(means, transpose(weights.get(`${name}.matrix`) as Value, [1, 0]));
    return add(product, reshape(bias, [1, 1, bias.shape[0]]));
  };
  return {
    means: mapped("encoder.code"),
    ...(plan.modulation === "spade" ? { logVariances: mapped("encoder.spread") } : {}),
  };
}
