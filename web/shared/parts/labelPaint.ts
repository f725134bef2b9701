/** Pixels of label maps and confidence maps, painted onto canvases. */
import { context2d } from "../ui/canvas.ts";
import type { Groups } from "./groups.ts";

export type Rgb = readonly [number, number, number];

/** Alpha of the clusters that are not in focus. */
const DIMMED = 0.1;

/** A canvas pixel as ImageData stores it: red in the lowest byte. */
const packRgba = ([r, g, b]: Rgb, alpha: number): number =>
  ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;

export interface LabelPaint {
  readonly groups: Groups;
  /** Opacity of the parts. */
  readonly opacity: number;
  /** Ids whose parts are shown fully; the others are dimmed. Null: all. */
  readonly focus: readonly number[] | null;
  /** Canvas pixels along the side of a label, see `outlineScale`; 1 for no outlines. */
  readonly scale: number;
}

/** An outline is one canvas pixel wide: labels of a picture that is shown with a side of `shown` pixels need so many canvas pixels each. */
export const outlineScale = (shown: number, resolution: number): number =>
  Math.max(2, Math.min(6, Math.round(shown / resolution)));

/** Paints ids[offset .. offset + resolution^2] onto `canvas`, which becomes `scale` times as large. */
export function paintLabels(
  canvas: HTMLCanvasElement,
  ids: Uint16Array,
  offset: number,
  resolution: number,
  paint: LabelPaint,
): void {
  const { groups, opacity, focus, scale } = paint;
  const shown = focus === null ? null : new Set(focus.map((id) => groups.of[id]));
  const inFocus = (id: number): boolean => shown === null || shown.has(groups.of[id]);
  const fills = Uint32Array.from(groups.rgb, (color, id) => packRgba(color, inFocus(id) ? opacity : opacity * DIMMED));
  const edges = Uint32Array.from(groups.rgb, (color, id) => packRgba(color, inFocus(id) ? 1 : DIMMED));
  const side = resolution * scale;
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = side;
    canvas.height = side;
  }
  const image = imageFor(canvas);
  const out = new Uint32Array(image.data.buffer);
  if (scale === 1) for (let n = 0; n < out.length; n++) out[n] = fills[ids[offset + n]];
  else paintOutlined(out, ids, offset, resolution, scale, groups.of, fills, edges);
  context2d(canvas).putImageData(image, 0, 0);
}

/** Pixels of canvases that are painted again and again. */
const images = new WeakMap<HTMLCanvasElement, ImageData>();

function imageFor(canvas: HTMLCanvasElement): ImageData {
  const { width, height } = canvas;
  let image = images.get(canvas);
  if (image?.width !== width || image.height !== height) {
    image = new ImageData(width, height);
    images.set(canvas, image);
  }
  return image;
}

/** Labels as squares of `scale` pixels in their fill, with a line of their edge colour along every border between parts. [side*side] with side = resolution * scale. */
export function paintOutlined(
  out: Uint32Array,
  ids: Uint16Array,
  offset: number,
  resolution: number,
  scale: number,
  part: Uint16Array,
  fills: Uint32Array,
  edges: Uint32Array,
): void {
  const side = resolution * scale;
  for (let y = 0; y < resolution; y++) {
    const first = offset + y * resolution;
    const row = y * scale * side;
    const last = row + (scale - 1) * side;
    // Runs of one label, once, and then the same for the other rows of these labels.
    for (let x = 0; x < resolution; ) {
      const id = ids[first + x];
      const from = x;
      while (x < resolution && ids[first + x] === id) x++;
      out.fill(fills[id], row + from * scale, row + x * scale);
    }
    for (let next = row + side; next <= last; next += side) out.copyWithin(next, row, row + side);
    for (let x = 0; x < resolution; x++) {
      const n = first + x;
      const own = part[ids[n]];
      const edge = edges[ids[n]];
      const at = x * scale;
      if (y > 0 && part[ids[n - resolution]] !== own) out.fill(edge, row + at, row + at + scale);
      if (y < resolution - 1 && part[ids[n + resolution]] !== own) out.fill(edge, last + at, last + at + scale);
      if (x > 0 && part[ids[n - 1]] !== own) for (let o = row + at; o <= last + at; o += side) out[o] = edge;
      if (x < resolution - 1 && part[ids[n + 1]] !== own)
        for (let o = row + at + scale - 1; o < last + at + scale; o += side) out[o] = edge;
    }
  }
}

/** The colour of confidence v in [0, 1] of a cluster: from near black to the cluster's own colour. */
export function confidenceColor([r, g, b]: Rgb, v: number): Rgb {
  const mix = (c: number): number => Math.round(16 + (c - 16) * v);
  return [mix(r), mix(g), mix(b)];
}

/** Paints an 8-bit confidence map. */
export function paintConfidence(
  canvas: HTMLCanvasElement,
  map: Uint8Array,
  offset: number,
  resolution: number,
  color: Rgb,
): void {
  canvas.width = resolution;
  canvas.height = resolution;
  const image = imageFor(canvas);
  const out = new Uint32Array(image.data.buffer);
  const ramp = Uint32Array.from({ length: 256 }, (_, v) => packRgba(confidenceColor(color, v / 255), 1));
  for (let n = 0; n < out.length; n++) out[n] = ramp[map[offset + n]];
  context2d(canvas).putImageData(image, 0, 0);
}
