/** A mask as colours on a canvas: what changed is coloured again by tiles, and drawn again within their box. */
import type { HexColor, ImageSize, LabelMap } from "../../../src/dataset/labelMap.ts";
import { type Box, TILE, tileBox, tileCount } from "./tiles.ts";
import { onScreen, type View } from "./view.ts";

/** Colours by label as bytes R, G, B, A in memory; labels without a class are clear. */
export function colorTable(classes: readonly { readonly color: HexColor }[]): Uint32Array {
  const bytes = new Uint8Array(4 * 256);
  for (const [label, { color }] of classes.entries()) {
    const value = Number.parseInt(color.slice(1), 16);
    bytes.set([value >> 16, (value >> 8) & 255, value & 255, 255], 4 * label);
  }
  return new Uint32Array(bytes.buffer);
}

/** The whole mask in colours, a canvas pixel a label. */
export class MaskImage {
  readonly canvas: HTMLCanvasElement;
  readonly #mask: LabelMap;
  readonly #colors: Uint32Array;
  readonly #context: CanvasRenderingContext2D;
  readonly #tile = new ImageData(TILE, TILE);
  readonly #pixels = new Uint32Array(this.#tile.data.buffer);

  constructor(mask: LabelMap, colors: Uint32Array) {
    this.#mask = mask;
    this.#colors = colors;
    this.canvas = document.createElement("canvas");
    this.canvas.width = mask.width;
    this.canvas.height = mask.height;
    this.#context = this.canvas.getContext("2d")!;
    this.update(Array.from({ length: tileCount(mask) }, (_, tile) => tile));
  }

  /** Colours these tiles again. */
  update(tiles: Iterable<number>): void {
    for (const tile of tiles) {
      const { left, top, width, height } = tileBox(this.#mask, tile);
      for (let y = 0; y < height; y++) {
        const at = (top + y) * this.#mask.width + left;
        for (let x = 0; x < width; x++) this.#pixels[y * TILE + x] = this.#colors[this.#mask.data[at + x]];
      }
      this.#context.putImageData(this.#tile, left, top, 0, 0, width, height);
    }
  }
}

/** How a mask lies on its canvas. */
export interface Layers {
  readonly view: View;
  /** Pixels of the canvas for a pixel of the screen. */
  readonly ratio: number;
  /** A picture of the mask's extent under it. */
  readonly under?: CanvasImageSource | undefined;
  /** Of the mask over that picture, 0 to 1. */
  readonly opacity: number;
}

/** Draws the mask; where `tiles` are given, within their box only. */
export function drawMask(
  context: CanvasRenderingContext2D,
  image: HTMLCanvasElement,
  { view, ratio, under, opacity }: Layers,
  tiles?: Iterable<number>,
): void {
  const { canvas } = context;
  const { left, top, width, height } =
    tiles === undefined
      ? { left: 0, top: 0, width: canvas.width, height: canvas.height }
      : screenBox(image, tiles, view, ratio);
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.clearRect(left, top, width, height);
  context.setTransform(view.scale * ratio, 0, 0, view.scale * ratio, view.left * ratio, view.top * ratio);
  if (under !== undefined) {
    context.imageSmoothingEnabled = view.scale * ratio < 4;
    context.drawImage(under, 0, 0, image.width, image.height);
    context.globalAlpha = opacity;
  }
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0);
  context.restore();
}

/** Whole pixels of the canvas around tiles of the mask. */
function screenBox(size: ImageSize, tiles: Iterable<number>, view: View, ratio: number): Box {
  const boxes = [...tiles].map((tile) => tileBox(size, tile));
  const from = onScreen(view, {
    x: Math.min(...boxes.map((box) => box.left)),
    y: Math.min(...boxes.map((box) => box.top)),
  });
  const to = onScreen(view, {
    x: Math.max(...boxes.map((box) => box.left + box.width)),
    y: Math.max(...boxes.map((box) => box.top + box.height)),
  });
  const [left, top] = [Math.floor(from.x * ratio), Math.floor(from.y * ratio)];
  return { left, top, width: Math.ceil(to.x * ratio) - left, height: Math.ceil(to.y * ratio) - top };
}
