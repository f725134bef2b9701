/** Which part of the mask is seen, and how large. */
import type { ImageSize } from "../../../src/dataset/labelMap.ts";
import type { Point } from "./raster.ts";

/** A place of the mask times `scale`, plus `left` and `top`, is its place on the screen. */
export interface View {
  readonly scale: number;
  readonly left: number;
  readonly top: number;
}

/** Pixels of the screen for a pixel of the mask, at most. */
const LARGEST = 64;
/** Of the mask, in pixels of the screen: so much of it stays in sight. */
const IN_SIGHT = 48;

const middle = (size: ImageSize, window: ImageSize, scale: number): View => ({
  scale,
  left: (window.width - size.width * scale) / 2,
  top: (window.height - size.height * scale) / 2,
});

/** All of the mask, as large as the window allows. */
export const fitted = (size: ImageSize, window: ImageSize): View =>
  middle(size, window, Math.min(window.width / size.width, window.height / size.height));

/** Moves the mask on the screen; some of it stays in sight. */
export function panned(view: View, by: Point, size: ImageSize, window: ImageSize): View {
  const within = (at: number, length: number, room: number): number => {
    const rest = Math.min(IN_SIGHT, length);
    return Math.max(rest - length, Math.min(room - rest, at));
  };
  return {
    scale: view.scale,
    left: within(view.left + by.x, size.width * view.scale, window.width),
    top: within(view.top + by.y, size.height * view.scale, window.height),
  };
}

/** Enlarges by a factor around a place of the screen that stays where it is; never smaller than the half of all. */
export function zoomed(view: View, factor: number, around: Point, size: ImageSize, window: ImageSize): View {
  const smallest = fitted(size, window).scale / 2;
  const scale = Math.max(smallest, Math.min(Math.max(LARGEST, smallest), view.scale * factor));
  const by = scale / view.scale;
  const there = {
    scale,
    left: around.x - (around.x - view.left) * by,
    top: around.y - (around.y - view.top) * by,
  };
  return panned(there, { x: 0, y: 0 }, size, window);
}

/** The place of the mask under a place of the screen. */
export const onMask = ({ scale, left, top }: View, { x, y }: Point): Point => ({
  x: (x - left) / scale,
  y: (y - top) / scale,
});

/** The place of the screen over a place of the mask. */
export const onScreen = ({ scale, left, top }: View, { x, y }: Point): Point => ({
  x: x * scale + left,
  y: y * scale + top,
});
