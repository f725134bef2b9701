import sharp, { type OverlayOptions } from "sharp";
import { type DatasetClass, type LabelMap, paletteOf } from "../../dataset/labelMap.ts";
import { xml } from "../../text/escape.ts";

export interface JudgedPhoto {
  readonly name: string;
  /** Mean over the classes that occur. */
  readonly iou: number;
  /** The encoded photo. */
  readonly image: Uint8Array;
  readonly truth: LabelMap;
  readonly found: LabelMap;
}

const TILE = 150;
const GAP = 6;
const CAPTION = 16;
const COLUMNS = 4;
/** Characters of a name that surely fit above a tile. */
const NAME = 15;

/** Photo, truth and labels of each, in the order given, as PNG: the paper's Fig. 8. */
export async function segmentationSheet(
  photos: readonly JudgedPhoto[],
  classes: readonly DatasetClass[],
): Promise<Buffer> {
  const palette = paletteOf(classes);
  const columns = Math.min(COLUMNS, photos.length);
  const rows = Math.ceil(photos.length / columns);
  const width = columns * (TILE + GAP) + GAP;
  const step = 3 * TILE + CAPTION + 2 * GAP;
  const height = rows * step + GAP;
  const tiles: OverlayOptions[] = [];
  const captions: string[] = [];
  for (const [i, { image, truth, found, iou, name }] of photos.entries()) {
    const left = GAP + (i % columns) * (TILE + GAP);
    const top = GAP + Math.floor(i / columns) * step;
    captions.push(`<text x="${left}" y="${top + 11}">${iou.toFixed(2)}  ${xml(shortened(name))}</text>`);
    const photo = await sharp(image).autoOrient().resize(TILE, TILE, { fit: "fill" }).png().toBuffer();
    for (const [j, input] of [photo, await tile(truth, palette), await tile(found, palette)].entries())
      tiles.push({ input, left, top: top + CAPTION + j * TILE });
  }
  const text = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="11" fill="#333">${captions.join("")}</svg>`;
  return sharp({ create: { width, height, channels: 3, background: "#ffffff" } })
    .composite([...tiles, { input: Buffer.from(text), left: 0, top: 0 }])
    .png()
    .toBuffer();
}

const shortened = (name: string): string => (name.length > NAME ? `${name.slice(0, NAME - 1)}…` : name);

/** Label maps in their colours, not interpolated. */
function tile({ width, height, data }: LabelMap, palette: Uint8Array): Promise<Buffer> {
  const rgb = Buffer.alloc(data.length * 3);
  for (let p = 0; p < data.length; p++) rgb.set(palette.subarray(data[p] * 3, data[p] * 3 + 3), p * 3);
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize(TILE, TILE, { fit: "fill", kernel: "nearest" })
    .png()
    .toBuffer();
}
