import type { MaskEdit } from "./edit.ts";
import { connectedRegion, eachSpan, givenAway, regionBox } from "./region.ts";
import type { Box } from "./tiles.ts";

/** An area that was taken up, to be moved, scaled, doubled or deleted. It stays exact however often it is scaled. */
export interface Piece {
  readonly label: number;
  /** 1 where the piece is, row by row, at the size that it was taken up with. */
  readonly shape: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Where it lies now. */
  readonly box: Box;
  /** Labels of the whole mask without the piece. */
  readonly under: Uint8Array;
}

/**
 * Takes up the connected area at a pixel. The mask stays as it is until the piece is placed; where it was, its surroundings grow together.
 * Nothing for locked labels and outside the mask.
 */
export function takeUp(edit: MaskEdit, x: number, y: number): Piece | undefined {
  const region = connectedRegion(edit, x, y);
  const label = edit.data[y * edit.width + x];
  if (region.length === 0 || edit.locked[label]) return undefined;
  const box = regionBox(region);
  const shape = new Uint8Array(box.width * box.height);
  eachSpan(region, (row, from, to) => {
    const at = (row - box.top) * box.width - box.left;
    shape.fill(1, at + from, at + to);
  });
  return { label, shape, width: box.width, height: box.height, box, under: givenAway(edit, region) };
}

/** The same piece over the mask as it is: where it lies now it will stay, and a second one goes on. */
export const doubled = (edit: MaskEdit, piece: Piece): Piece => ({ ...piece, under: edit.data.slice() });

/** Lays the piece into another box, in place of where it lies. */
export function placed(edit: MaskEdit, piece: Piece, box: Box): Piece {
  lift(edit, piece);
  for (let y = 0; y < box.height; y++) {
    const row = Math.floor(((y + 0.5) * piece.height) / box.height) * piece.width;
    for (let x = 0; x < box.width; x++)
      if (piece.shape[row + Math.floor(((x + 0.5) * piece.width) / box.width)])
        edit.fill(box.top + y, box.left + x, box.left + x + 1, piece.label);
  }
  return { ...piece, box };
}

/** Takes the piece out of the mask. */
export function lift(edit: MaskEdit, { box, under }: Piece): void {
  const right = Math.min(edit.width, box.left + box.width);
  const bottom = Math.min(edit.height, box.top + box.height);
  for (let y = Math.max(0, box.top); y < bottom; y++)
    for (let x = Math.max(0, box.left); x < right; x++) edit.fill(y, x, x + 1, under[y * edit.width + x]);
}
