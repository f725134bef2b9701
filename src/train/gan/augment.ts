/**
 * Adaptive discriminator augmentation (Karras et al., 2020, "Training generative adversarial networks with limited data",
 * appendix B): every image is transformed at random, with the same distribution for real and generated ones. Each kind of
 * transformation happens with probability p. What is drawn becomes tables that a graph takes as inputs: four pixels with
 * bilinear weights for every pixel of the result, and a colour matrix. Pixels beyond the border are reflected.
 */
import { add, gatherPixels, input, matmul, mul, reduceSum, reshape, slice } from "../../graph/ops/index.ts";
import type { Value } from "../../graph/value.ts";
import type { RandomState } from "../../tensor/random.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { aboutGrey, alongGrey, compose, IDENTITY, translation } from "../colour.ts";
import type { AugmentKind, AugmentRecipe } from "./recipe.ts";

/** The standard deviations and ranges of the paper's table 2 (appendix B). */
const TRANSLATE = 0.125;
const SCALE = 0.2;
const BRIGHTNESS = 0.2;
const CONTRAST = 0.5;
const SATURATION = 1;

/** Neighbours of a place between pixels. */
const CORNERS = 4;

/** What is done to one image. */
export interface Augmentation {
  /** From a pixel of the result to a place in the image, rows [a b t] [c d u] about the centre: x' = a x + b y + t. */
  readonly place: readonly [number, number, number, number, number, number];
  /** Rows of [red, green, blue, 1]: 3 x 4. For grey images only the first number and the first offset count. */
  readonly colour: readonly number[];
}

/** Draws what is done to an image of `resolution` pixels. The number of draws does not depend on p or on what happens. */
export function drawAugmentation(
  random: RandomState,
  p: number,
  kinds: readonly AugmentKind[],
  resolution: number,
): Augmentation {
  const has = new Set(kinds);
  const happens = (kind: AugmentKind): boolean => random.randomSample() < p && has.has(kind);
  const uniform = (): number => 2 * random.randomSample() - 1;

  // The inverse of flip, translation, scaling, rotation, in this order.
  let [a, b, c, d] = [1, 0, 0, 1];
  const mirrored = random.randomSample() < 0.5;
  if (happens("xflip") && mirrored) a = -1;
  const shift = [uniform(), uniform()].map((u) => Math.round(u * TRANSLATE * resolution));
  const moved = happens("translate");
  // Forward: p -> p + shift after the flip; so back: flip(p - shift).
  const [t, u] = moved ? [-a * shift[0], -shift[1]] : [0, 0];
  const size = 2 ** (random.randn() * SCALE);
  const scale = happens("scale") ? 1 / size : 1;
  const angle = uniform() * Math.PI;
  const turn = happens("rotate") ? angle : 0;
  const [cos, sin] = turn === 0 ? [1, 0] : [Math.cos(turn), Math.sin(turn)];
  [a, b, c, d] = [a * scale * cos, a * scale * sin, -scale * sin, scale * cos];

  let colour = IDENTITY;
  const brightness = random.randn() * BRIGHTNESS;
  if (happens("brightness")) colour = compose(translation(brightness), colour);
  const contrast = 2 ** (random.randn() * CONTRAST);
  if (happens("contrast")) colour = compose(alongGrey(contrast, contrast), colour);
  const hue = uniform() * Math.PI;
  if (happens("hue")) colour = compose(aboutGrey(hue), colour);
  const saturation = 2 ** (random.randn() * SATURATION);
  if (happens("saturation")) colour = compose(alongGrey(1, saturation), colour);
  return { place: [a, b, t, c, d, u], colour };
}

/** Pixel of a row after reflection at both ends, which are not repeated. */
function reflected(i: number, length: number): number {
  const period = 2 * (length - 1);
  const at = ((i % period) + period) % period;
  return at < length ? at : period - at;
}

/** The inputs of `augmented`, by name. */
export interface AugmentTables {
  /** [N, 4 R R] pixel numbers. */
  readonly pixels: Tensor;
  /** [N, 4 R R] */
  readonly weights: Tensor;
  /** [N, 3, 4], or [N, 1, 2] for grey images. */
  readonly colours: Tensor;
}

/** Augmentations as tables, for images [N,C,R,R], N one for each. C is 1 or 3. */
export function augmentTables(list: readonly Augmentation[], resolution: number, channels: number): AugmentTables {
  const N = list.length;
  const R = resolution;
  const places = CORNERS * R * R;
  const pixels = new Float32Array(N * places);
  const weights = new Float32Array(N * places);
  const centre = (R - 1) / 2;
  list.forEach(({ place: [a, b, t, c, d, u] }, n) => {
    for (let y = 0; y < R; y++)
      for (let x = 0; x < R; x++) {
        const px = a * (x - centre) + b * (y - centre) + t + centre;
        const py = c * (x - centre) + d * (y - centre) + u + centre;
        const [left, top] = [Math.floor(px), Math.floor(py)];
        const [fx, fy] = [px - left, py - top];
        const [x0, x1] = [reflected(left, R), reflected(left + 1, R)];
        const [y0, y1] = [reflected(top, R), reflected(top + 1, R)];
        // Corner by corner, so that the graph adds up four whole images.
        let at = n * places + y * R + x;
        pixels[at] = y0 * R + x0;
        weights[at] = (1 - fx) * (1 - fy);
        at += R * R;
        pixels[at] = y0 * R + x1;
        weights[at] = fx * (1 - fy);
        at += R * R;
        pixels[at] = y1 * R + x0;
        weights[at] = (1 - fx) * fy;
        at += R * R;
        pixels[at] = y1 * R + x1;
        weights[at] = fx * fy;
      }
  });
  const rows = channels === 1 ? 1 : 3;
  const colours = new Float32Array(N * rows * (rows + 1));
  list.forEach(({ colour }, n) => {
    if (rows === 1) colours.set([colour[0] + colour[1] + colour[2], colour[3]], n * 2);
    else colours.set(colour, n * 12);
  });
  return {
    pixels: tensor([N, places], pixels),
    weights: tensor([N, places], weights),
    colours: tensor([N, rows, rows + 1], colours),
  };
}

/** Inputs of a graph for the tables of N images, called `prefix` + the table's name. */
export function augmentInputs(
  prefix: string,
  N: number,
  resolution: number,
  channels: number,
): Record<keyof AugmentTables, Value> {
  const rows = channels === 1 ? 1 : 3;
  const places = CORNERS * resolution ** 2;
  return {
    pixels: input(`${prefix}pixels`, [N, places]),
    weights: input(`${prefix}weights`, [N, places]),
    colours: input(`${prefix}colours`, [N, rows, rows + 1]),
  };
}

/** Images [N,C,R,R], C 1 or 3, transformed as the tables say; differentiable in the images, to any order. */
export function augmented(images: Value, tables: Readonly<Record<keyof AugmentTables, Value>>): Value {
  const [N, C, R] = images.shape;
  const read = reshape(gatherPixels(reshape(images, [N, C, R * R]), tables.pixels), [N, C, CORNERS, R * R]);
  const warped = reduceSum(mul(read, reshape(tables.weights, [N, 1, CORNERS, R * R])), [2]);
  const matrix = slice(tables.colours, [0, 0, 0], [N, C, C]);
  const offset = slice(tables.colours, [0, 0, C], [N, C, 1]);
  return reshape(add(matmul(matrix, reshape(warped, [N, C, R * R])), offset), [N, C, R, R]);
}

/**
 * The probability after `images` more images (section 3.2): it moves by a fixed amount towards where the mean sign of D on
 * real images, -1 to 1, meets the target.
 */
export function adaptedProbability(
  p: number,
  meanSign: number,
  images: number,
  { target, kimg }: Pick<AugmentRecipe, "target" | "kimg">,
): number {
  return Math.min(1, Math.max(0, p + (Math.sign(meanSign - target) * images) / (kimg * 1000)));
}
