/**
 * Views of a picture with labels: turned, framed and coloured otherwise, blurred, noisy, compressed. They narrow the gap between
 * generated pictures and photos. What is drawn is plain data, so that a view is a function of picture and numbers alone.
 */

import { IGNORE_LABEL } from "../../dataset/labelMap.ts";
import type { RandomState } from "../../tensor/random.ts";
import { aboutGrey, alongGrey, type ColourMatrix, compose, IDENTITY, translation } from "../colour.ts";

/** How far a picture may be changed: plain JSON. */
export interface AugmentRange {
  readonly flip: boolean;
  /** Zoom, from and to, drawn evenly in its logarithm: at 2, half of the picture's side fills the view. */
  readonly scale: readonly [number, number];
  /** Most that is added to colours in [-1,1]; most that contrast and saturation change by, as a factor's distance from 1; degrees. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
  /** Largest deviation of a Gaussian blur, in pixels, and of the noise, of colours in [-1,1]. */
  readonly blur: number;
  readonly noise: number;
  /** Lowest JPEG quality, 1 to 100; 100: none. */
  readonly jpeg: number;
  /** Of each kind of change. */
  readonly chance: number;
}

/** The authors' photometric changes (PHOTOS: brightness 32 of 255, contrast and saturation by half, hue 18 degrees), framing, and a camera's faults. */
export const photoRange: AugmentRange = {
  flip: true,
  scale: [0.7, 1.6],
  brightness: 0.25,
  contrast: 0.5,
  saturation: 0.5,
  hue: 18,
  blur: 1.2,
  noise: 0.12,
  jpeg: 40,
  chance: 0.6,
};

/** What is done to one picture. */
export interface View {
  readonly flip: boolean;
  /** The square of the picture that fills the view, in its pixels; it may reach beyond the picture. */
  readonly window: { readonly left: number; readonly top: number; readonly side: number };
  readonly colour: ColourMatrix;
  readonly blur: number;
  readonly noise: number;
  /** Of JPEG; undefined: not compressed. */
  readonly quality: number | undefined;
}

/** The picture as it is. */
export const plainView = (side: number): View => ({
  flip: false,
  window: { left: 0, top: 0, side },
  colour: IDENTITY,
  blur: 0,
  noise: 0,
  quality: undefined,
});

/** Draws how a picture of `side` pixels is framed; colours stay. */
export function drawFraming(random: RandomState, range: AugmentRange, side: number): View {
  const flipped = random.randomSample() < 0.5;
  const [low, high] = range.scale;
  const scale = low * (high / low) ** random.randomSample();
  const window = side / scale;
  // A window inside the picture lies anywhere in it; a larger one anywhere around it.
  const [left, top] = [random.randomSample(), random.randomSample()].map((u) => u * (side - window));
  return { ...plainView(side), flip: range.flip && flipped, window: { left, top, side: window } };
}

/** Draws what happens to a view's colours and sharpness. The number of draws does not depend on what happens. */
export function drawColours(random: RandomState, range: AugmentRange, view: View): View {
  const uniform = (): number => 2 * random.randomSample() - 1;
  const happens = (): boolean => random.randomSample() < range.chance;
  const apply = (change: ColourMatrix, colour: ColourMatrix): ColourMatrix =>
    happens() ? compose(change, colour) : colour;
  let colour = apply(translation(uniform() * range.brightness), view.colour);
  const contrast = 1 + uniform() * range.contrast;
  colour = apply(alongGrey(contrast, contrast), colour);
  colour = apply(alongGrey(1, 1 + uniform() * range.saturation), colour);
  colour = apply(aboutGrey((uniform() * range.hue * Math.PI) / 180), colour);
  const strength = (most: number): number => {
    const drawn = most * random.randomSample();
    return happens() ? drawn : 0;
  };
  const [blur, noise, loss] = [range.blur, range.noise, 100 - range.jpeg].map(strength);
  return { ...view, colour, blur, noise, quality: loss === 0 ? undefined : Math.round(100 - loss) };
}

/** Where a pixel of a view of `side` pixels lies in the picture: from its edge, so that 0.5 is the first pixel's centre. */
const placeOf = (i: number, side: number, start: number, window: number): number => start + ((i + 0.5) * window) / side;

/** RGB bytes [S,S,3] as a view: planes [3,S,S] in [-1,1], framed and turned, in the view's colours; grey beyond the picture. */
export function viewPlanes(rgb: Uint8Array, side: number, view: View, random: RandomState): Float32Array {
  const planes = framed(rgb, side, view);
  if (view.blur > 0)
    for (let c = 0; c < 3; c++) blurPlane(planes.subarray(c * side * side, (c + 1) * side * side), side, view.blur);
  if (view.colour !== IDENTITY) recolour(planes, view.colour);
  if (view.noise > 0) for (let i = 0; i < planes.length; i++) planes[i] += view.noise * random.randn();
  for (let i = 0; i < planes.length; i++) planes[i] = Math.min(1, Math.max(-1, planes[i]));
  return planes;
}

/** Bilinear; where the window is larger than the view, the mean of several places per pixel. */
function framed(rgb: Uint8Array, side: number, { flip, window }: View): Float32Array {
  const area = side * side;
  const planes = new Float32Array(3 * area);
  const taps = Math.ceil(window.side / side - 1e-9);
  const axis = (start: number, turned: boolean) =>
    Array.from({ length: side * taps }, (_, i) => {
      const at = placeOf(turned ? side * taps - 1 - i : i, side * taps, start, window.side);
      const place = at - 0.5;
      const low = Math.floor(place);
      const clamp = (p: number): number => Math.min(side - 1, Math.max(0, p));
      return { inside: at >= 0 && at <= side, low: clamp(low), high: clamp(low + 1), share: place - low };
    });
  const [columns, rows] = [axis(window.left, flip), axis(window.top, false)];
  const scale = 1 / (taps * taps);
  for (let y = 0; y < side * taps; y++) {
    const row = rows[y];
    if (!row.inside) continue;
    for (let x = 0; x < side * taps; x++) {
      const column = columns[x];
      if (!column.inside) continue;
      const to = Math.floor(y / taps) * side + Math.floor(x / taps);
      const [a, b] = [row.low * side + column.low, row.low * side + column.high];
      const [d, e] = [row.high * side + column.low, row.high * side + column.high];
      for (let c = 0; c < 3; c++) {
        const upper = rgb[3 * a + c] * (1 - column.share) + rgb[3 * b + c] * column.share;
        const lower = rgb[3 * d + c] * (1 - column.share) + rgb[3 * e + c] * column.share;
        planes[c * area + to] += ((upper * (1 - row.share) + lower * row.share) / 127.5 - 1) * scale;
      }
    }
  }
  return planes;
}

/** Labels [S,S] as the same view sees them: the nearest pixel's, by `mirrored` where it is turned; 255 beyond the picture. */
export function viewLabels(
  labels: Uint8Array,
  side: number,
  { flip, window }: View,
  mirrored: readonly number[],
): Uint8Array {
  const out = new Uint8Array(side * side).fill(IGNORE_LABEL);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(placeOf(y, side, window.top, window.side));
    if (row < 0 || row >= side) continue;
    for (let x = 0; x < side; x++) {
      const column = Math.floor(placeOf(flip ? side - 1 - x : x, side, window.left, window.side));
      if (column < 0 || column >= side) continue;
      const label = labels[row * side + column];
      out[y * side + x] = flip ? (mirrored[label] ?? label) : label;
    }
  }
  return out;
}

/** Colours of planes [3,...] times a matrix, in place. */
export function recolour(planes: Float32Array, m: ColourMatrix): void {
  const area = planes.length / 3;
  for (let p = 0; p < area; p++) {
    const [r, g, b] = [planes[p], planes[area + p], planes[2 * area + p]];
    for (let c = 0; c < 3; c++)
      planes[c * area + p] = m[4 * c] * r + m[4 * c + 1] * g + m[4 * c + 2] * b + m[4 * c + 3];
  }
}

/** Gaussian blur of one plane [S,S], in place; the border's pixels are repeated. */
export function blurPlane(plane: Float32Array, side: number, deviation: number): void {
  const reach = Math.ceil(3 * deviation);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * deviation ** 2)));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const line = new Float32Array(side);
  for (const [step, next] of [
    [1, side],
    [side, 1],
  ])
    for (let k = 0; k < side; k++) {
      for (let i = 0; i < side; i++) line[i] = plane[k * next + i * step];
      for (let i = 0; i < side; i++) {
        let mean = 0;
        for (let j = -reach; j <= reach; j++) mean += kernel[j + reach] * line[Math.min(side - 1, Math.max(0, i + j))];
        plane[k * next + i * step] = mean / sum;
      }
    }
}

const SIDES = /(^|[^a-z])(left|right|l|r)(?=$|[^a-z])/i;
const OPPOSITE: Readonly<Record<string, string>> = { left: "right", right: "left", l: "r", r: "l" };

/**
 * What each class becomes in a mirror, by names: "l_eye" and "r_eye", "left ear" and "right ear" change places; others, and
 * sides without a counterpart, stay.
 */
export function mirroredClasses(names: readonly string[]): number[] {
  const known = new Map(names.map((name, id) => [name.toLowerCase(), id]));
  return names.map((name, id) => {
    const other = name.toLowerCase().replace(SIDES, (_, before: string, side: string) => before + OPPOSITE[side]);
    return known.get(other) ?? id;
  });
}
