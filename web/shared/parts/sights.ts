/** A small picture of each part: the picture that shows most of it, cut around it, with everything else faded. */
import { context2d } from "../ui/canvas.ts";

/** A part in one picture: the picture's index and a square around the part, in pixels of the label map. */
export interface Sight {
  readonly picture: number;
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** Room left around a part, as a share of its size, and the least side of a square, in pixels of 64. */
const ROOM = 0.2;
const LEAST_SIDE = 16;

/** Where each part is seen best: the picture with most of its pixels, and where they lie. `ids` is [pictures*resolution^2]. */
export function sightsOf(ids: Uint16Array, resolution: number): Map<number, Sight> {
  const area = resolution ** 2;
  const best = new Map<number, { picture: number; count: number }>();
  for (let picture = 0; picture * area < ids.length; picture++) {
    const counts = new Map<number, number>();
    for (let n = picture * area; n < (picture + 1) * area; n++) counts.set(ids[n], (counts.get(ids[n]) ?? 0) + 1);
    for (const [id, count] of counts) if (count > (best.get(id)?.count ?? 0)) best.set(id, { picture, count });
  }
  return new Map(Array.from(best, ([id, { picture }]) => [id, squareAround(ids, id, picture, resolution)]));
}

function squareAround(ids: Uint16Array, id: number, picture: number, resolution: number): Sight {
  const offset = picture * resolution ** 2;
  let [left, top, right, bottom] = [resolution, resolution, 0, 0];
  for (let y = 0; y < resolution; y++)
    for (let x = 0; x < resolution; x++) {
      if (ids[offset + y * resolution + x] !== id) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  const size = Math.max(right - left, bottom - top) * (1 + ROOM);
  const side = Math.min(resolution, Math.max(Math.round(size), Math.round((LEAST_SIDE * resolution) / 64)));
  const around = (low: number, high: number): number =>
    Math.min(resolution - side, Math.max(0, Math.round((low + high - side) / 2)));
  return { picture, x: around(left, right), y: around(top, bottom), side };
}

/** Where the veil of one thumbnail after another is made. */
let scratch: HTMLCanvasElement | undefined;

/** Draws the part onto `canvas`. `veil` is the colour over everything else, as [r, g, b, alpha] of 0..255. */
export function drawThumbnail(
  canvas: HTMLCanvasElement,
  image: CanvasImageSource,
  imageSide: number,
  ids: Uint16Array,
  resolution: number,
  id: number,
  { picture, x, y, side }: Sight,
  veil: readonly [number, number, number, number],
): void {
  scratch ??= document.createElement("canvas");
  scratch.width = side;
  scratch.height = side;
  const pixels = new ImageData(side, side);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      if (ids[picture * resolution ** 2 + (y + row) * resolution + x + column] !== id)
        pixels.data.set(veil, 4 * (row * side + column));
  context2d(scratch).putImageData(pixels, 0, 0);
  const context = context2d(canvas);
  const unit = imageSide / resolution;
  context.imageSmoothingEnabled = side * unit > canvas.width;
  context.drawImage(image, x * unit, y * unit, side * unit, side * unit, 0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, 0, 0, canvas.width, canvas.height);
}
