/**
 * RepurposeGAN's few-shot segmenter (Tritrong et al., CVPR 2021), the small one: five 3x3 convolutions over the channels of all maps, with
 * ReLU between them. The first one is linear, so each of its nine taps is computed at the maps' own resolutions (`PyramidView`) and then
 * shifted by a pixel: the channels of all maps are never held at full resolution.
 */
import { add, leakyRelu, pad, reshape, slice } from "../graph/ops/index.ts";
import type { Value } from "../graph/value.ts";
import { dilatedConv } from "../nn/dilatedConv.ts";
import { filled, normal, type ParameterSpec } from "../nn/parameters.ts";
import type { PixelNetwork, PixelNetworkPlan } from "./pixelNetwork.ts";

const WIDTHS = [128, 64, 64, 32] as const;
/** The first convolution's is 1. */
const DILATIONS = [1, 2, 1, 2, 1] as const;
const TAPS = 9;

/** `0.weight` [9 * 128,D], tap by tap, row by row of the kernel; the others [out,in,3,3]. */
export function featureCnn({ channels, classes }: PixelNetworkPlan): PixelNetwork {
  const outs = [...WIDTHS, classes];
  // He et al. (2015): variance 2 / inputs.
  const deviation = (inputs: number): number => Math.sqrt(2 / (TAPS * inputs));
  return {
    upsampling: "nearest",
    parameters: new Map(
      outs.flatMap((out, i): [string, ParameterSpec][] => [
        [
          `${i}.weight`,
          i === 0
            ? normal([TAPS * out, channels], deviation(channels))
            : normal([out, outs[i - 1], 3, 3], deviation(outs[i - 1])),
        ],
        [`${i}.bias`, filled([out])],
      ]),
    ),
    inference(weights, view) {
      const named = (name: string): Value => weights.get(name) as Value;
      let x = add(sumOfTaps(view.linear(named("0.weight")), WIDTHS[0]), reshape(named("0.bias"), [1, WIDTHS[0], 1, 1]));
      for (let i = 1; i < outs.length; i++)
        x = dilatedConv(leakyRelu(x, 0), named(`${i}.weight`), { dilation: DILATIONS[i], bias: named(`${i}.bias`) });
      return { scores: x };
    },
  };
}

/** Sums the nine taps of [N,9 out,R,R], each shifted by its offset and padded with zeros: a 3x3 convolution. */
function sumOfTaps(taps: Value, out: number): Value {
  const [N, , R] = taps.shape;
  const framed = pad(taps, [0, 0, 1, 1], [0, 0, 1, 1]);
  return Array.from({ length: TAPS }, (_, t) =>
    slice(framed, [0, t * out, Math.floor(t / 3), t % 3], [N, out, R, R]),
  ).reduce(add);
}
