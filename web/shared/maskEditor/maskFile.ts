/** Masks as files: PNGs of class numbers, or pictures of the classes' colours. */
import { type DatasetClass, IGNORE_LABEL, type LabelMap, paletteOf, rgbOf } from "../../../src/dataset/labelMap.ts";
import { decodePng, encodePng, type Png, PngError } from "../../../src/dataset/png.ts";

type Colored = Pick<DatasetClass, "color" | "name">;

const asClasses = (classes: readonly Colored[]): DatasetClass[] =>
  classes.map(({ name, color }) => ({ name, color, background: false }));

/** An index PNG: a pixel's number is its class, and the palette shows it in the class's colour. */
export const indexPng = ({ width, height, data }: LabelMap, classes: readonly Colored[]): Uint8Array =>
  encodePng({ width, height, data, palette: paletteOf(asClasses(classes)) });

/** An RGB PNG of the classes' colours. */
export function colorPng({ width, height, data }: LabelMap, classes: readonly Colored[]): Uint8Array {
  const palette = paletteOf(asClasses(classes));
  const rgb = new Uint8Array(3 * data.length);
  for (const [i, label] of data.entries()) rgb.set(palette.subarray(3 * label, 3 * label + 3), 3 * i);
  return encodePng({ width, height, data: rgb });
}

/** A mask that was read, and how many of its pixels were of no class and have become the nearest one. */
export interface ReadMask extends LabelMap {
  readonly guessed: number;
}

/**
 * Reads a mask: an index or grey PNG of class numbers, or a PNG of colours, each pixel the class of the nearest colour. Throws PngError for
 * what is damaged or no PNG, and for numbers that no class has, unless they are the palette's way to say colours.
 */
export function readMask(bytes: Uint8Array, classes: readonly Colored[]): ReadMask {
  const png = decodePng(bytes);
  if (png.bitDepth === 16) throw new PngError("the mask has 16 bits a sample; save it with 8");
  const { width, height, data, channels } = png;
  if (channels < 3) {
    const labels = Uint8Array.from({ length: width * height }, (_, i) => data[i * channels]);
    const foreign = labels.find((label) => label >= classes.length && label !== IGNORE_LABEL);
    if (foreign === undefined) return { width, height, data: labels, guessed: 0 };
    if (png.palette === undefined)
      throw new PngError(
        `the mask has the class ${foreign}, but there are ${classes.length} (0 to ${classes.length - 1}); expected a mask of these classes, or a picture of their colours`,
      );
  }
  return byColor(png, classes);
}

/** Each pixel as the class whose colour is nearest. */
function byColor({ width, height, data, channels, palette }: Png, classes: readonly Colored[]): ReadMask {
  const colors = classes.map(({ color }) => rgbOf(color));
  const known = new Map<number, { label: number; exact: boolean }>();
  const labels = new Uint8Array(width * height);
  let guessed = 0;
  for (const i of labels.keys()) {
    const [source, at] = palette === undefined ? [data, i * channels] : [palette, 3 * data[i * channels]];
    const rgb = [source[at], source[at + 1], source[at + 2]];
    const key = (rgb[0] << 16) | (rgb[1] << 8) | rgb[2];
    let found = known.get(key);
    if (found === undefined) {
      const distances = colors.map((color) => color.reduce((sum, v, c) => sum + (v - rgb[c]) ** 2, 0));
      const label = distances.indexOf(Math.min(...distances));
      found = { label, exact: distances[label] === 0 };
      known.set(key, found);
    }
    labels[i] = found.label;
    if (!found.exact) guessed++;
  }
  return { width, height, data: labels, guessed };
}
