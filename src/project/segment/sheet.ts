import { readFile } from "node:fs/promises";
import sharp, { type OverlayOptions } from "sharp";
import { type DatasetClass, paletteOf } from "../../dataset/labelMap.ts";
import { decodePng } from "../../dataset/png.ts";

export interface ShownPhoto {
  /** Paths of a picture and of its index PNG. */
  readonly picture: string;
  readonly mask: string;
}

/** Height of a picture on the sheet, and the most of its width. */
const TILE = 180;
const GAP = 6;
const COLUMNS = 6;
const MOST = 24;
const OPACITY = 0.55;

/** Photos spread over the whole list, each above its classes over it, as PNG. */
export async function overlaySheet(photos: readonly ShownPhoto[], classes: readonly DatasetClass[]): Promise<Buffer> {
  const count = Math.min(MOST, photos.length);
  const shown = Array.from({ length: count }, (_, i) => photos[Math.floor((i * photos.length) / count)]);
  const palette = paletteOf(classes);
  const columns = Math.min(COLUMNS, count);
  const rows = Math.ceil(count / columns);
  const tiles: OverlayOptions[] = [];
  for (const [i, photo] of shown.entries()) {
    const left = GAP + (i % columns) * (TILE + GAP);
    const top = GAP + Math.floor(i / columns) * (2 * TILE + 2 * GAP);
    const [plain, labelled] = await tilesOf(photo, palette);
    const centred = (input: Buffer, width: number, height: number, y: number): OverlayOptions => ({
      input,
      left: left + Math.floor((TILE - width) / 2),
      top: y + Math.floor((TILE - height) / 2),
    });
    tiles.push(centred(plain.data, plain.info.width, plain.info.height, top));
    tiles.push(centred(labelled.data, labelled.info.width, labelled.info.height, top + TILE));
  }
  const size = { width: columns * (TILE + GAP) + GAP, height: rows * (2 * TILE + 2 * GAP) + GAP };
  return sharp({ create: { ...size, channels: 3, background: "#fafaf8" } })
    .composite(tiles)
    .png()
    .toBuffer();
}

type Tile = { readonly data: Buffer; readonly info: { readonly width: number; readonly height: number } };

async function tilesOf({ picture, mask }: ShownPhoto, palette: Uint8Array): Promise<[Tile, Tile]> {
  const plain = await sharp(await readFile(picture))
    .resize(TILE, TILE, { fit: "inside" })
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = plain.info;
  const { data, ...size } = decodePng(await readFile(mask));
  const labels = await sharp(Buffer.from(data.buffer, data.byteOffset, data.byteLength), {
    raw: { width: size.width, height: size.height, channels: 1 },
  })
    .resize(width, height, { fit: "fill", kernel: "nearest" })
    .extractChannel(0)
    .raw()
    .toBuffer();
  const overlaid = Buffer.from(plain.data);
  for (let p = 0; p < labels.length; p++)
    for (let c = 0; c < 3; c++)
      overlaid[3 * p + c] = Math.round(overlaid[3 * p + c] * (1 - OPACITY) + palette[labels[p] * 3 + c] * OPACITY);
  const png = async (rgb: Buffer): Promise<Tile> => ({
    data: await sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
    info: { width, height },
  });
  return [await png(plain.data), await png(overlaid)];
}
