/**
 * A discriminator of images twice as large that judges them as the given one judges them halved: growth that loses
 * nothing, where a new block of random weights would hand the trained ones noise, and fading one in
 * (Karras et al., 2018, section 2) needs a second network beside the first.
 *
 * The new block carries the colours through its rectifiers in pairs: lrelu(x) - lrelu(-x) = 1.2 x. Its last convolution,
 * after the blur that halves, does what the old network did with colours; the way around it begins at nothing.
 */
import { NEGATIVE_SLOPE } from "../../nn/styleLayers.ts";
import { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

/** Whether a block of so many channels can carry the colours. */
export const carriesColours = (channels: number, imageChannels: number): boolean =>
  channels % 2 === 0 && channels >= 2 * imageChannels;

/** The layer from colours to features. */
export interface FromRgb {
  /** [C,colours,1,1] */
  readonly weight: Tensor;
  /** [C] */
  readonly bias: Tensor;
}

/**
 * The weights of block b<resolution> and of its fromrgb, in place of the `old` fromrgb of half the resolution. The number of
 * `channels` must be one that `carriesColours`.
 */
export function grownBlock(old: FromRgb, resolution: number, channels: number, seed: number): Map<string, Tensor> {
  const [outChannels, colours] = old.weight.shape;
  const random = new RandomState(seed);
  const [first, second] = [directions(random, channels / 2, colours), directions(random, channels / 2, colours)];
  // What multiplies a weight before it is used: equalised learning rate and the rectifier's gain.
  const rgbGain = Math.SQRT2 / Math.sqrt(colours);
  const conv0Gain = Math.SQRT2 / Math.sqrt(9 * channels);
  const conv1Gain = 1 / Math.sqrt(9 * channels);
  /** Colours from the rectified pairs that `encoded` of them with this gain gave: [colours][channels]. */
  const decoder = (encoded: readonly Float64Array[], gain: number): Float64Array[] =>
    encoded.map((direction) => {
      const scale = 1 / (gain * (1 + NEGATIVE_SLOPE) * (channels / 2));
      return Float64Array.from({ length: channels }, (_, c) => pair(direction, c) * scale);
    });
  /** Output by input channel, through colours; `of` gives the weight of a colour in an output. */
  const composed = (outputs: number, of: (output: number, colour: number) => number, decode: readonly Float64Array[]) =>
    tensor(
      [outputs, channels, 3, 3],
      Float32Array.from({ length: outputs * channels * 9 }, (_, i) => {
        if (i % 9 !== CENTRE) return 0;
        const [output, channel] = [Math.floor(i / 9 / channels), Math.floor(i / 9) % channels];
        return decode.reduce((sum, colour, j) => sum + of(output, j) * colour[channel], 0);
      }),
    );
  const name = `b${resolution}`;
  return new Map([
    [
      `${name}.fromrgb.weight`,
      tensor(
        [channels, colours, 1, 1],
        Float32Array.from({ length: channels * colours }, (_, i) => pair(first[i % colours], Math.floor(i / colours))),
      ),
    ],
    [`${name}.fromrgb.bias`, tensor([channels])],
    // The same gain again, so that both layers begin with like magnitudes.
    [
      `${name}.conv0.weight`,
      composed(channels, (o, j) => (pair(second[j], o) * rgbGain) / conv0Gain, decoder(first, rgbGain)),
    ],
    [`${name}.conv0.bias`, tensor([channels])],
    [
      `${name}.conv1.weight`,
      composed(
        outChannels,
        (o, j) => (old.weight.data[o * colours + j] * rgbGain) / conv1Gain,
        decoder(second, rgbGain),
      ),
    ],
    [
      `${name}.conv1.bias`,
      tensor(
        [outChannels],
        old.bias.data.map((b) => b * Math.SQRT2),
      ),
    ],
    [`${name}.skip.weight`, tensor([outChannels, channels, 1, 1])],
  ]);
}

/** The middle of a 3x3 kernel. */
const CENTRE = 4;

/** Channel c of a direction and, in the second half, its opposite. */
const pair = (direction: Float64Array, c: number): number =>
  c < direction.length ? direction[c] : -direction[c - direction.length];

/** `count` random vectors at right angles, of mean square 1. */
function directions(random: RandomState, length: number, count: number): Float64Array[] {
  const found: Float64Array[] = [];
  while (found.length < count) {
    const v = Float64Array.from({ length }, () => random.randn());
    for (const u of found) {
      const along = dot(u, v) / length;
      for (let i = 0; i < length; i++) v[i] -= along * u[i];
    }
    const scale = Math.sqrt(length / dot(v, v));
    found.push(v.map((x) => x * scale));
  }
  return found;
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
