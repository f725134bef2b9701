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
  let most = 1;
  for (let n = 0; n < ids.length; n++) if (ids[n] >= most) most = ids[n] + 1;
  const sights = new Map<number, Sight>();
  const best = new Uint32Array(most);
  const [counts, left, top, right, bottom] = Array.from({ length: 5 }, () => new Uint32Array(most));
  for (let picture = 0, n = 0; n < ids.length; picture++) {
    for (const [bound, empty] of [
      [counts, 0],
      [left, resolution],
      [top, resolution],
      [right, 0],
      [bottom, 0],
    ] as const)
      bound.fill(empty);
    for (let y = 0; y < resolution; y++)
      for (let x = 0; x < resolution; x++, n++) {
        const id = ids[n];
        counts[id]++;
        if (x < left[id]) left[id] = x;
        if (x >= right[id]) right[id] = x + 1;
        if (y < top[id]) top[id] = y;
        bottom[id] = y + 1;
      }
    for (let id = 0; id < most; id++) {
      if (counts[id] <= best[id]) continue;
      best[id] = counts[id];
      sights.set(id, { picture, ...squareAround(left[id], top[id], right[id], bottom[id], resolution) });
    }
  }
  return sights;
}

function squareAround(left: number, top: number, right: number, bottom: number, resolution: number) {
  const size = Math.max(right - left, bottom - top) * (1 + ROOM);
  const side = Math.min(resolution, Math.max(Math.round(size), Math.round((LEAST_SIDE * resolution) / 64)));
  const around = (low: number, high: number): number =>
    Math.min(resolution - side, Math.max(0, Math.round((low + high - side) / 2)));
  return { x: around(left, right), y: around(top, bottom), side };
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
  const veiled = new Uint32Array(pixels.data.buffer);
  const [color] = new Uint32Array(Uint8ClampedArray.from(veil).buffer);
  for (let row = 0, n = 0; row < side; row++) {
    const first = picture * resolution ** 2 + (y + row) * resolution + x;
    for (let column = 0; column < side; column++, n++) if (ids[first + column] !== id) veiled[n] = color;
  }
  context2d(scratch).putImageData(pixels, 0, 0);
  const context = context2d(canvas);
  const unit = imageSide / resolution;
  context.imageSmoothingEnabled = side * unit > canvas.width;
  context.drawImage(image, x * unit, y * unit, side * unit, side * unit, 0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, 0, 0, canvas.width, canvas.height);
}
