import type { ReportKind } from "./annotations.ts";
import { countLabels, type DatasetClass, IGNORE_LABEL, type ImageSize, type LabelMap, rgbOf } from "./labelMap.ts";
import { decodePng, isPng, type Png, PngError, pngHeader } from "./png.ts";
import { type FoundLabels, plausibleSize } from "./reading.ts";

const KINDS: Readonly<Record<number, string>> = { 0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA" };
/** Border pixels in between their neighbours that make a mask smoothed; a few may be chance. */
const SMOOTH_PIXELS = 4;
/** Share of the border pixels from which on they cannot be thin parts (`betweenShare`). */
export const SMOOTHED_SHARE = 0.15;
/** Pixels in which the colours are counted: a photograph of many megapixels has millions. */
const SMOOTH_LOOKED_AT = 2 ** 20;

export interface MaskStorage {
  /** 3: the id is repeated in three channels. */
  readonly channels: 1 | 3;
  /** Where masks may be RGB pictures: the id of each colour, as 0xrrggbb. */
  readonly colors?: ReadonlyMap<number, number>;
}

/**
 * The labels in a mask file of an image. Undefined, with a report, where it holds none that can be read. Its header is checked before its
 * pixels are unpacked; nothing is said of its size where there is no image.
 */
export function readMask(
  bytes: Uint8Array,
  { channels, colors }: MaskStorage,
  image: ImageSize | undefined,
  report: ReportKind,
): FoundLabels | undefined {
  if (bytes.length === 0) {
    report("empty-file", "0 bytes");
    return undefined;
  }
  if (!isPng(bytes)) {
    const jpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
    const webp = String.fromCharCode(...bytes.subarray(8, 12)) === "WEBP";
    if (jpeg || webp) report("mask-lossy", jpeg ? "a JPEG" : "a WebP");
    else report("mask-damaged", "not a PNG");
    return undefined;
  }
  try {
    const header = pngHeader(bytes);
    if (image !== undefined && !plausibleSize(header, image, report)) return undefined;
    if (header.bitDepth === 16) {
      report("mask-depth", `16 bits a ${KINDS[header.colorType]} sample`);
      return undefined;
    }
    const png = decodePng(bytes);
    const data =
      colors !== undefined && png.channels === 3 ? idsOfColors(png, colors, report) : idsOf(png, channels, report);
    return data && { map: { width: png.width, height: png.height, data }, file: { bytes, png } };
  } catch (error) {
    if (!(error instanceof PngError)) throw error;
    report(error.message.includes("interlaced") ? "mask-interlaced" : "mask-damaged", error.message);
    return undefined;
  }
}

/** Reports what is wrong with the ids of one label map, and returns the pixels of each. `listed`: whether the colours were. */
export function checkLabels(
  { map, file }: FoundLabels,
  classes: readonly DatasetClass[] | undefined,
  listed: boolean,
  report: ReportKind,
): Float64Array {
  const { width, height, data } = map;
  const counts = countLabels(map);
  const present = Array.from(counts.keys()).filter((id) => counts[id] > 0);
  const used = present.filter((id) => id !== IGNORE_LABEL);
  if (used.length === 0) report("all-ignored", "255 everywhere");
  else if (present.length === 1) report("one-class", `id ${used[0]} everywhere`);
  if (classes === undefined) return counts;
  const foreign = used.filter((id) => id >= classes.length);
  const between = betweenShare(map);
  const odds = `${(100 * between).toFixed(0)} % of the pixels at borders have an id between their neighbours'`;
  if (foreign.length > 0) {
    const outside = counts.map((n, id) => (id >= classes.length && id !== IGNORE_LABEL ? n : 0));
    const smooth = smoothed(data, width, height, (p) => outside[data[p]] > 0);
    if (smooth > SMOOTH_PIXELS)
      report("anti-aliased", `${smooth} pixels with ids between their neighbours', such as ${foreign[0]}`);
    else if (between >= SMOOTHED_SHARE) report("anti-aliased", `${odds}, and id ${foreign[0]} is no class`);
    else
      report(
        "id-out-of-range",
        `id ${foreign.slice(0, 5).join(", ")} in ${outside.reduce((a, b) => a + b, 0)} pixels; there are ${classes.length} classes`,
      );
  } else if (between >= SMOOTHED_SHARE) report("ids-between", odds);
  const palette = file?.png.colorType === 3 ? file.png.palette : undefined;
  const odd = palette === undefined || !listed ? undefined : used.find((id) => !hasColour(palette, id, classes));
  if (odd !== undefined && palette !== undefined)
    report(
      "palette-colour",
      `id ${odd} ("${classes[odd].name}") is rgb(${palette.subarray(odd * 3, odd * 3 + 3).join(", ")}) in the palette, ${classes[odd].color} in the list`,
    );
  return counts;
}

function hasColour(palette: Uint8Array, id: number, classes: readonly DatasetClass[]): boolean {
  if (id >= classes.length) return true;
  return rgbOf(classes[id].color).every((value, c) => palette[id * 3 + c] === value);
}

/** The ids of a mask: its one channel, or the first of three equal ones where the layout has three. */
function idsOf(png: Png, channels: 1 | 3, report: ReportKind): Uint8Array | undefined {
  if (png.channels === channels && (channels === 1 || equalChannels(png))) return channel(png, 0);
  report("mask-channels", `${png.channels} channels (${KINDS[png.colorType]})`);
  const smooth = smoothedColors(png);
  if (smooth > SMOOTH_PIXELS) report("anti-aliased", `${smooth} pixels with colours between their neighbours'`);
  return undefined;
}

/** Whether red, green and blue are one number everywhere. */
export function equalChannels({ data, channels }: Png): boolean {
  for (let p = 0; p < data.length; p += channels) if (data[p] !== data[p + 1] || data[p] !== data[p + 2]) return false;
  return true;
}

/** The ids of an RGB picture; colours that no class has are reported. */
function idsOfColors(png: Png, colors: ReadonlyMap<number, number>, report: ReportKind): Uint8Array | undefined {
  const data = new Uint8Array(png.width * png.height);
  let unknown = 0;
  let example = 0;
  for (let p = 0; p < data.length; p++) {
    const color = (png.data[3 * p] << 16) | (png.data[3 * p + 1] << 8) | png.data[3 * p + 2];
    const id = colors.get(color);
    if (id === undefined) {
      unknown++;
      example = color;
    } else data[p] = id;
  }
  if (unknown === 0) return data;
  const smooth = smoothedColors(png);
  if (smooth > SMOOTH_PIXELS) report("anti-aliased", `${smooth} pixels with colours between their neighbours'`);
  else report("label-unknown", `the colour #${example.toString(16).padStart(6, "0")} in ${unknown} pixels`);
  return undefined;
}

/** One channel of an 8-bit picture. */
export function channel({ data, channels, width, height }: Png, c: number): Uint8Array {
  if (channels === 1) return data as Uint8Array;
  const values = new Uint8Array(width * height);
  for (let p = 0; p < values.length; p++) values[p] = data[p * channels + c];
  return values;
}

/** Pixels, of the first million, whose rare colour lies between their neighbours'. */
function smoothedColors(png: Png): number {
  const rows = { ...png, height: Math.max(1, Math.min(png.height, Math.floor(SMOOTH_LOOKED_AT / png.width))) };
  return smoothed(channel(rows, 0), rows.width, rows.height, rareColours(rows));
}

/** Tells pixels of rare colours: smoothing makes many colours of few pixels each. */
function rareColours({ data, channels, width, height }: Png): (p: number) => boolean {
  const key = (p: number): number => {
    let k = 0;
    for (let c = 0; c < Math.min(3, channels); c++) k = k * 256 + data[p * channels + c];
    return k;
  };
  const counts = new Map<number, number>();
  for (let p = 0; p < width * height; p++) counts.set(key(p), (counts.get(key(p)) ?? 0) + 1);
  const rare = Math.max(2, (width * height) / 200);
  return (p) => (counts.get(key(p)) ?? 0) < rare;
}

/**
 * Of the pixels at borders between ids, the share whose id lies strictly between those of two opposite neighbours, 0 to 1. Smoothing makes
 * such ids, and where they are classes too nothing else tells: smoothed masks of portraits have 15 to 44 %, others at most 3 % at 64 pixels, 12 % at 16.
 */
export function betweenShare({ width, height, data }: LabelMap): number {
  let [borders, between] = [0, 0];
  for (let y = 1; y + 1 < height; y++)
    for (let x = 1; x + 1 < width; x++) {
      const p = y * width + x;
      const [id, left, right, above, below] = [data[p], data[p - 1], data[p + 1], data[p - width], data[p + width]];
      if (left === id && right === id && above === id && below === id) continue;
      borders++;
      if (liesBetween(left, id, right) || liesBetween(above, id, below)) between++;
    }
  return borders === 0 ? 0 : between / borders;
}

const liesBetween = (a: number, v: number, b: number): boolean => (a < v && v < b) || (b < v && v < a);

/** Suspicious pixels whose value lies strictly between those of their left and right, or upper and lower, neighbours. */
function smoothed(values: Uint8Array, width: number, height: number, suspicious: (p: number) => boolean): number {
  let count = 0;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const p = y * width + x;
      if (!suspicious(p)) continue;
      const across = x > 0 && x + 1 < width && liesBetween(values[p - 1], values[p], values[p + 1]);
      const down = y > 0 && y + 1 < height && liesBetween(values[p - width], values[p], values[p + width]);
      if (across || down) count++;
    }
  return count;
}
