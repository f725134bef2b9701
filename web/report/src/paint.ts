/** Pixels of label maps and confidence maps, painted onto canvases. */
import { context2d } from "./dom.ts";

export type Rgb = readonly [number, number, number];

/** Alpha of the clusters that are not in focus. */
const DIMMED = 0.1;

/** A canvas pixel as ImageData stores it: red in the lowest byte. */
const packRgba = ([r, g, b]: Rgb, alpha: number): number =>
  ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;

export interface LabelPaint {
  readonly rgb: readonly Rgb[];
  /** Opacity of the parts. */
  readonly opacity: number;
  /** Ids to show fully; the others are dimmed. Null: all. */
  readonly focus: readonly number[] | null;
  readonly outline: boolean;
}

/** Paints ids[offset .. offset + resolution^2] onto `canvas`, which becomes `scale` times as large. */
export function paintLabels(
  canvas: HTMLCanvasElement,
  ids: Uint16Array,
  offset: number,
  resolution: number,
  paint: LabelPaint,
): void {
  const { rgb, opacity, focus, outline } = paint;
  const inFocus = (id: number): boolean => focus === null || focus.includes(id);
  const fills = Uint32Array.from(rgb, (color, id) => packRgba(color, inFocus(id) ? opacity : opacity * DIMMED));
  const edges = Uint32Array.from(rgb, (color, id) => packRgba(color, inFocus(id) ? 1 : DIMMED));
  // An outline is one canvas pixel wide, so the canvas needs several per label.
  const scale = outline ? Math.max(2, Math.min(6, Math.round(320 / resolution))) : 1;
  const side = resolution * scale;
  if (canvas.width !== side || canvas.height !== side) {
    canvas.width = side;
    canvas.height = side;
  }
  const context = context2d(canvas);
  const image = context.createImageData(side, side);
  const out = new Uint32Array(image.data.buffer);
  if (!outline) for (let n = 0; n < out.length; n++) out[n] = fills[ids[offset + n]];
  else paintOutlined(out, ids, offset, resolution, scale, fills, edges);
  context.putImageData(image, 0, 0);
}

function paintOutlined(
  out: Uint32Array,
  ids: Uint16Array,
  offset: number,
  resolution: number,
  scale: number,
  fills: Uint32Array,
  edges: Uint32Array,
): void {
  const side = resolution * scale;
  for (let y = 0; y < resolution; y++) {
    for (let x = 0; x < resolution; x++) {
      const n = offset + y * resolution + x;
      const id = ids[n];
      const left = x > 0 && ids[n - 1] !== id;
      const right = x < resolution - 1 && ids[n + 1] !== id;
      const top = y > 0 && ids[n - resolution] !== id;
      const bottom = y < resolution - 1 && ids[n + resolution] !== id;
      for (let dy = 0; dy < scale; dy++) {
        const row = (y * scale + dy) * side + x * scale;
        const onRow = (top && dy === 0) || (bottom && dy === scale - 1);
        for (let dx = 0; dx < scale; dx++) {
          const onEdge = onRow || (left && dx === 0) || (right && dx === scale - 1);
          out[row + dx] = onEdge ? edges[id] : fills[id];
        }
      }
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
  const context = context2d(canvas);
  const image = context.createImageData(resolution, resolution);
  const out = new Uint32Array(image.data.buffer);
  const ramp = Uint32Array.from({ length: 256 }, (_, v) => packRgba(confidenceColor(color, v / 255), 1));
  for (let n = 0; n < out.length; n++) out[n] = ramp[map[offset + n]];
  context.putImageData(image, 0, 0);
}
