/** A mask in squares: what is undone and what is drawn again are the squares that changed. */
import type { ImageSize } from "../../../src/dataset/labelMap.ts";

/** Side of a tile, in pixels: 4 kB of labels. */
export const TILE = 64;

/** In whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Tiles in a row. */
export const tileColumns = ({ width }: ImageSize): number => Math.ceil(width / TILE);
export const tileCount = (size: ImageSize): number => tileColumns(size) * Math.ceil(size.height / TILE);

/** The pixels of a tile; those at the right and lower edge are cut. */
export function tileBox(size: ImageSize, tile: number): Box {
  const columns = tileColumns(size);
  const left = (tile % columns) * TILE;
  const top = Math.floor(tile / columns) * TILE;
  return { left, top, width: Math.min(TILE, size.width - left), height: Math.min(TILE, size.height - top) };
}

/** A copy of a tile's labels, row by row. */
export function readTile(mask: ImageSize & { readonly data: Uint8Array }, tile: number): Uint8Array {
  const { left, top, width, height } = tileBox(mask, tile);
  const labels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const at = (top + y) * mask.width + left;
    labels.set(mask.data.subarray(at, at + width), y * width);
  }
  return labels;
}

export function writeTile(mask: ImageSize & { readonly data: Uint8Array }, tile: number, labels: Uint8Array): void {
  const { left, top, width, height } = tileBox(mask, tile);
  for (let y = 0; y < height; y++)
    mask.data.set(labels.subarray(y * width, (y + 1) * width), (top + y) * mask.width + left);
}
