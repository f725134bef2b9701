/**
 * StyleGAN2's discriminator (Karras et al., 2020): residual blocks, then the standard deviation over a group of images as
 * one more channel. Weight names are those of NVIDIA's PyTorch code.
 */
import { add, concat, conv, expand, mul, reduceMean, reshape, sqrt, square, sub } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import { filled, normal, type ParameterSpec, type ParameterTable } from "../../nn/parameters.ts";
import { EPSILON, fullyConnected, lrelu, scaled } from "../../nn/styleLayers.ts";
import { firDownsample, firSmooth } from "../../nn/upfirdn.ts";
import { tensor } from "../../tensor/tensor.ts";

export interface DiscriminatorSizes {
  readonly resolution: number;
  readonly imageChannels: number;
  /** Channels at a resolution. */
  readonly channels: (resolution: number) => number;
  /** Images whose standard deviation is taken together; divides the batch. */
  readonly groupSize: number;
}

/** Convolution weights start from N(0,1); their gain 1 / sqrt(fan-in) is applied when they are used. */
export function discriminatorParameters({ resolution, imageChannels, channels }: DiscriminatorSizes): ParameterTable {
  const table = new Map<string, ParameterSpec>();
  const layer = (name: string, outChannels: number, ...rest: number[]): void => {
    table.set(`${name}.weight`, normal([outChannels, ...rest]));
    table.set(`${name}.bias`, filled([outChannels]));
  };
  layer(`b${resolution}.fromrgb`, channels(resolution), imageChannels, 1, 1);
  for (let r = resolution; r > 4; r /= 2) {
    const [inChannels, outChannels] = [channels(r), channels(r / 2)];
    layer(`b${r}.conv0`, inChannels, inChannels, 3, 3);
    layer(`b${r}.conv1`, outChannels, inChannels, 3, 3);
    table.set(`b${r}.skip.weight`, normal([outChannels, inChannels, 1, 1]));
  }
  const C = channels(4);
  layer("b4.conv", C, C + 1, 3, 3);
  layer("b4.fc", C, C * 16);
  layer("b4.out", 1, C);
  return table;
}

const TAPS = [1 / 8, 3 / 8, 3 / 8, 1 / 8];
const FILTER = tensor([4, 4], Float32Array.from(TAPS.flatMap((a) => TAPS.map((b) => a * b))));

/** The parts of a discriminator: blocks that see one image each, then layers that see groups of images. */
export interface Discriminator {
  /** Images [N,C,R,R] to features [N,C,4,4], image by image. */
  features(images: Value): Value;
  /** Features to logits [N,1]; `deviation` [1,1,1,1] stands for that of groups where the images are judged alone. */
  logits(features: Value, deviation?: Value): Value;
  /** Names of the weights that `logits` uses; `features` uses all others. */
  readonly logitWeights: readonly string[];
}

/** The network on `weights` by the names of `discriminatorParameters`. */
export function discriminator(
  weights: ReadonlyMap<string, Value>,
  { resolution, groupSize }: DiscriminatorSizes,
): Discriminator {
  const weight = (name: string): Value => {
    const value = weights.get(name);
    if (value === undefined) throw new RangeError(`discriminator: there is no weight ${name}`);
    return value;
  };
  /** Equalised learning rate; the rectifier's gain is positive and stands before it, in weight and bias. */
  const kernel = (name: string, gain: number): Value => {
    const w = weight(`${name}.weight`);
    return mul(w, gain / Math.sqrt(w.shape[1] * w.shape[2] * w.shape[3]));
  };
  const layer = (x: Value, name: string, gain = Math.SQRT2, options = {}): Value =>
    lrelu(conv(x, kernel(name, gain), { ...options, bias: scaled(weight(`${name}.bias`), gain) }));
  return {
    features(images) {
      let x = layer(images, `b${resolution}.fromrgb`);
      for (let r = resolution; r > 4; r /= 2) {
        const skip = conv(firDownsample(x, TAPS), kernel(`b${r}.skip`, Math.SQRT1_2));
        x = layer(x, `b${r}.conv0`, Math.SQRT2, { padding: 1 });
        // The two branches add up to unit variance: sqrt(2) sqrt(1/2) = 1.
        x = add(layer(smooth(x), `b${r}.conv1`, 1, { stride: 2 }), skip);
      }
      return x;
    },
    logits(features, deviation) {
      const [N, C, H, W] = features.shape;
      const spread = deviation === undefined ? groupDeviation(features, groupSize) : expand(deviation, [N, 1, H, W]);
      const x = concat([features, spread], 1);
      const flat = reshape(layer(x, "b4.conv", Math.SQRT2, { padding: 1 }), [N, C * 16]);
      const hidden = lrelu(
        fullyConnected(flat, weight("b4.fc.weight"), weight("b4.fc.bias"), {
          weightGain: Math.SQRT2 / Math.sqrt(C * 16),
          biasGain: Math.SQRT2,
        }),
      );
      return fullyConnected(hidden, weight("b4.out.weight"), weight("b4.out.bias"), { weightGain: 1 / Math.sqrt(C) });
    },
    logitWeights: [...weights.keys()].filter((name) => name.startsWith("b4.")),
  };
}

/** Two zeros on every side and the filter, [N,C,H+1,W+1]: what a 3x3 convolution of stride 2 and padding 1 takes. */
const smooth = (x: Value): Value => firSmooth(x, { size: 4, taps: FILTER.data }, 2, 1);

/**
 * Standard deviation of every feature over the images of a group, averaged over features (Karras et al., 2018, section 3):
 * x [N,C,H,W] to [N,1,H,W]. Image n is in group n mod N/size, as in the official code.
 */
export function groupDeviation(x: Value, size: number): Value {
  const [N, C, H, W] = x.shape;
  const groups = N / size;
  if (!Number.isInteger(groups)) throw new RangeError(`groupDeviation: groups of ${size} do not divide ${N} images`);
  const grouped = reshape(x, [size, groups, C, H, W]);
  const variance = reduceMean(square(sub(grouped, reduceMean(grouped, [0]))), [0]);
  const deviation = reduceMean(sqrt(add(variance, EPSILON)), [2, 3, 4]); // [1,groups,1,1,1]
  return reshape(expand(deviation, [size, groups, 1, H, W]), [N, 1, H, W]);
}
