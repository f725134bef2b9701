/** Which part of a picture is taken, and how it becomes a square. */

/** A number of pixels, or a share of the picture's side. */
type Length = { readonly pixels: number } | { readonly share: number };

/** The largest square in the middle, the whole picture, or a rectangle x, y, width, height. */
export type Crop = "centre" | "none" | readonly [x: Length, y: Length, width: Length, height: Length];

/** What becomes of a region that is no square: white borders, or its sides made equal. */
export const fits = ["pad", "squash"] as const;
export type Fit = (typeof fits)[number];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whole pixels. */
export interface Rectangle extends Size {
  readonly left: number;
  readonly top: number;
}

const LENGTH = /^(\d+)$|^(\d+(?:\.\d+)?)%$|^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/;

/**
 * Reads "centre", "none" or "x,y,w,h". Each number is of pixels of the stored picture ("12"), or a share of its side
 * ("6.7%", or "12/178" for 12 of 178). Throws RangeError for anything else.
 */
export function parseCrop(text: string): Crop {
  if (text === "centre" || text === "center") return "centre";
  if (text === "none") return "none";
  const lengths = text.split(",").map(parseLength);
  const [x, y, width, height] = lengths;
  if (lengths.length !== 4 || x === undefined || y === undefined || width === undefined || height === undefined)
    throw new RangeError(
      `expected centre, none, or x,y,w,h in pixels (12,20,100,100) or shares (10%,5%,80%,80% or 12/178,37/218,158/178,158/218), got "${text}"`,
    );
  if ([width, height].some((l) => amount(l) === 0))
    throw new RangeError(`expected a width and a height above 0, got "${text}"`);
  return [x, y, width, height];
}

function parseLength(text: string): Length | undefined {
  const match = LENGTH.exec(text.trim());
  if (match === null) return undefined;
  const [, pixels, percent, part, whole] = match;
  if (pixels !== undefined) return { pixels: Number(pixels) };
  const share = percent === undefined ? Number(part) / Number(whole) : Number(percent) / 100;
  return share <= 1 ? { share } : undefined;
}

const amount = (length: Length): number => ("pixels" in length ? length.pixels : length.share);

/** The region of a picture that is taken. Throws RangeError where the crop reaches outside it. */
export function cropRegion({ width, height }: Size, crop: Crop): Rectangle {
  if (crop === "none") return { left: 0, top: 0, width, height };
  if (crop === "centre") {
    const side = Math.min(width, height);
    return { left: Math.floor((width - side) / 2), top: Math.floor((height - side) / 2), width: side, height: side };
  }
  const [x, y, w, h] = crop;
  const across = span(x, w, width);
  const down = span(y, h, height);
  if (across === undefined || down === undefined)
    throw new RangeError(`the crop reaches outside this picture of ${width}x${height} pixels`);
  return { left: across.from, top: down.from, width: across.length, height: down.length };
}

/** Both ends to the nearest pixel, so that the rounding of the start does not move the end. */
function span(start: Length, extent: Length, side: number): { from: number; length: number } | undefined {
  const inPixels = (l: Length): number => ("pixels" in l ? l.pixels : l.share * side);
  const from = Math.round(inPixels(start));
  const to = Math.round(inPixels(start) + inPixels(extent));
  if (from >= side || to > side) return undefined;
  return { from, length: Math.max(1, to - from) };
}

/** Where the region lies in the square of `resolution` pixels: all of it, or in its middle with its sides' ratio kept. */
export function placeInSquare({ width, height }: Size, fit: Fit, resolution: number): Rectangle {
  if (fit === "squash") return { left: 0, top: 0, width: resolution, height: resolution };
  const scale = resolution / Math.max(width, height);
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  return { left: Math.floor((resolution - w) / 2), top: Math.floor((resolution - h) / 2), width: w, height: h };
}

/** The text of a crop, as it is. Throws RangeError where `parseCrop` cannot read it. */
export function readCrop(text: string): string {
  parseCrop(text);
  return text;
}
