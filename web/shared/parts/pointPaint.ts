/** Scatter plots on canvases. */
import type { PointCanvas } from "../../../src/project/report/data.ts";
import { context2d } from "../ui/canvas.ts";
import type { Rgb } from "./labelPaint.ts";
import { unpack } from "./model.ts";

/** Points in the unit square, x to the right and y up, with equal units on both axes. */
export interface Cloud {
  /** [N,2] as x0, y0, x1, ...: fractions of the panel's side, y down. */
  readonly places: Float32Array;
  readonly count: number;
  /** Data coordinates at a place of the panel. */
  toData(x: number, y: number): [number, number];
}

/** Empty border of a panel, as a fraction of its side. */
const BORDER = 0.04;

/** Opacity of points that are not in focus. */
const DIMMED = 0.12;

/** Cells along the side of a panel in which a decision region is computed. */
const REGION_CELLS = 192;

export async function openCloud(canvas: PointCanvas): Promise<Cloud> {
  const bytes = await unpack(canvas.positions);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const spans = [canvas.xRange[1] - canvas.xRange[0], canvas.yRange[1] - canvas.yRange[0]];
  const unit = (1 - 2 * BORDER) / Math.max(...spans);
  const margins = spans.map((span) => (1 - span * unit) / 2);
  const places = new Float32Array(canvas.count * 2);
  for (let i = 0; i < places.length; i++) {
    const axis = i % 2;
    const place = margins[axis] + (view.getUint16(2 * i, true) / 65535) * spans[axis] * unit;
    places[i] = axis === 0 ? place : 1 - place;
  }
  return {
    places,
    count: canvas.count,
    toData: (x, y) => [canvas.xRange[0] + (x - margins[0]) / unit, canvas.yRange[0] + (1 - y - margins[1]) / unit],
  };
}

/** Points to be drawn in one colour. */
export interface PointGroup {
  readonly color: string;
  readonly alpha: number;
  readonly points: readonly number[];
}

/** Points of each id in its colour; those not in `focus`, if given, are dimmed. */
export function groupsOf(ids: Uint16Array, colors: readonly string[], focus: readonly number[] | null): PointGroup[] {
  const points = new Map<number, number[]>();
  ids.forEach((id, n) => {
    const group = points.get(id);
    if (group) group.push(n);
    else points.set(id, [n]);
  });
  return Array.from(points, ([id, group]) => ({
    color: colors[id],
    alpha: focus === null || focus.includes(id) ? 0.9 : DIMMED,
    points: group,
  }));
}

/** Sizes the canvas to its place on the page and clears it; returns its side in CSS pixels. */
function prepare(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D): number {
  const side = canvas.clientWidth;
  const pixels = Math.round(side * devicePixelRatio);
  if (canvas.width !== pixels || canvas.height !== pixels) {
    canvas.width = pixels;
    canvas.height = pixels;
  }
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, side, side);
  return side;
}

/** Draws all points of each group in one colour; later groups lie on top. `region`, if any, fills the panel behind them. */
export function paintPoints(
  canvas: HTMLCanvasElement,
  cloud: Cloud,
  groups: readonly PointGroup[],
  region: HTMLCanvasElement | null = null,
): void {
  const context = context2d(canvas);
  const side = prepare(canvas, context);
  if (region) {
    context.imageSmoothingEnabled = true;
    context.drawImage(region, 0, 0, side, side);
  }
  const radius = Math.max(1.3, Math.min(3, (side / Math.sqrt(cloud.count)) * 0.3));
  for (const { color, alpha, points } of groups) {
    context.globalAlpha = alpha;
    context.fillStyle = color;
    context.beginPath();
    for (const n of points) {
      const x = cloud.places[2 * n] * side;
      const y = cloud.places[2 * n + 1] * side;
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Index of the point nearest to a place of the panel, or -1 when none is within `reach` (all as fractions of its side). */
export function nearestPoint({ places, count }: Cloud, x: number, y: number, reach: number): number {
  let nearest = -1;
  let least = reach * reach;
  for (let n = 0; n < count; n++) {
    const d = (places[2 * n] - x) ** 2 + (places[2 * n + 1] - y) ** 2;
    if (d <= least) {
      least = d;
      nearest = n;
    }
  }
  return nearest;
}

/** The regions in which each plane's score is the highest, tinted. `planes` are [w_x, w_y, b], in the order of `colors`. */
export function paintRegions(
  cloud: Cloud,
  planes: readonly (readonly [number, number, number])[],
  colors: readonly Rgb[],
): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = REGION_CELLS;
  canvas.height = REGION_CELLS;
  const context = context2d(canvas);
  const image = context.createImageData(REGION_CELLS, REGION_CELLS);
  for (let row = 0; row < REGION_CELLS; row++) {
    for (let column = 0; column < REGION_CELLS; column++) {
      const [x, y] = cloud.toData((column + 0.5) / REGION_CELLS, (row + 0.5) / REGION_CELLS);
      let best = 0;
      let top = Number.NEGATIVE_INFINITY;
      for (const [i, [wx, wy, b]] of planes.entries()) {
        const score = wx * x + wy * y + b;
        if (score > top) {
          top = score;
          best = i;
        }
      }
      image.data.set([...colors[best], 46], 4 * (row * REGION_CELLS + column));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
