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
  /** Labels along the side of the canvas, see `labelsAcross`. Default: all. */
  readonly across?: number;
}

/** An outline is one canvas pixel wide: labels of a picture that is shown with a side of `shown` pixels need so many canvas pixels each. */
export const outlineScale = (shown: number, across: number): number =>
  Math.max(2, Math.min(6, Math.round(shown / across)));

/** How many labels along the side a picture is painted with that is shown with a side of `shown` pixels: one per pixel where there are clearly more. */
export const labelsAcross = (shown: number, resolution: number): number =>
  shown > 0 && resolution > 1.25 * shown ? Math.max(1, Math.round(shown)) : resolution;

/** What a canvas shows. */
interface Painted {
  readonly across: number;
  readonly scale: number;
  readonly image: ImageData;
  /** Id of the part at each label, [across^2]. */
  parts: Uint16Array;
  fills: Uint32Array;
  edges: Uint32Array;
}

const painted = new WeakMap<HTMLCanvasElement, Painted>();

/**
 * Paints ids[offset .. offset + resolution^2] onto `canvas`, which becomes a square of `across * scale` pixels. Of a canvas that it painted
 * before, only squares that look different now are painted. Returns how many those are.
 */
export function paintLabels(
  canvas: HTMLCanvasElement,
  ids: Uint16Array,
  offset: number,
  resolution: number,
  { groups, opacity, focus, scale, across = resolution }: LabelPaint,
): number {
  const shown = focus === null ? null : new Set(focus.map((id) => groups.of[id]));
  const inFocus = (id: number): boolean => shown === null || shown.has(groups.of[id]);
  const fills = Uint32Array.from(groups.rgb, (color, id) => packRgba(color, inFocus(id) ? opacity : opacity * DIMMED));
  const edges = Uint32Array.from(groups.rgb, (color, id) => packRgba(color, inFocus(id) ? 1 : DIMMED));
  const parts = partsOf(ids, offset, resolution, groups.of, across);
  const before = painted.get(canvas);
  const again = before?.across === across && before.scale === scale && canvas.width === before.image.width;
  const side = across * scale;
  const now = again ? before : { across, scale, image: new ImageData(side, side), parts, fills, edges };
  if (!again) {
    canvas.width = side;
    canvas.height = side;
  }
  const spans = again ? changedSpans(before, { parts, fills, edges }) : wholeSpans(across);
  Object.assign(now, { parts, fills, edges });
  painted.set(canvas, now);
  paintSquares(new Uint32Array(now.image.data.buffer), now, spans);
  const { left, top, right, bottom, count } = frameOf(spans);
  const [width, height] = [(right - left) * scale, (bottom - top) * scale];
  if (count > 0) context2d(canvas).putImageData(now.image, 0, 0, left * scale, top * scale, width, height);
  return count;
}

/** The part at each label that is shown, [across^2]: at the middle of its square where there are fewer than labels. */
function partsOf(
  ids: Uint16Array,
  offset: number,
  resolution: number,
  of: Uint16Array,
  across: number,
): Uint16Array<ArrayBuffer> {
  const parts = new Uint16Array(across * across);
  const from = Int32Array.from({ length: across }, (_, i) => Math.floor(((i + 0.5) * resolution) / across));
  for (let y = 0, n = 0; y < across; y++) {
    const row = offset + from[y] * resolution;
    for (let x = 0; x < across; x++, n++) parts[n] = of[ids[row + from[x]]];
  }
  return parts;
}

/** For each row of squares the columns to be painted, from .. to (not included), [2 * across]; none where they are equal. */
type Spans = Int32Array;

const wholeSpans = (across: number): Spans => Int32Array.from({ length: 2 * across }, (_, i) => (i % 2) * across);

type Look = Pick<Painted, "parts" | "fills" | "edges">;

/** What differs, with its neighbours: outlines depend on these. */
function changedSpans({ across, ...before }: Look & Pick<Painted, "across">, now: Look): Spans {
  const recoloured = now.fills.map((fill, id) =>
    Number(fill !== before.fills[id] || now.edges[id] !== before.edges[id]),
  );
  const own = new Int32Array(2 * across);
  for (let y = 0; y < across; y++) {
    const differs = (x: number): boolean => {
      const part = now.parts[y * across + x];
      return part !== before.parts[y * across + x] || recoloured[part] === 1;
    };
    let from = 0;
    while (from < across && !differs(from)) from++;
    let to = across;
    while (to > from && !differs(to - 1)) to--;
    if (from < to) own.set([Math.max(0, from - 1), Math.min(across, to + 1)], 2 * y);
  }
  const spans = new Int32Array(2 * across);
  for (let y = 0; y < across; y++) {
    let [from, to] = [across, 0];
    for (let row = Math.max(0, y - 1); row <= Math.min(across - 1, y + 1); row++) {
      if (own[2 * row] === own[2 * row + 1]) continue;
      from = Math.min(from, own[2 * row]);
      to = Math.max(to, own[2 * row + 1]);
    }
    if (from < to) spans.set([from, to], 2 * y);
  }
  return spans;
}

/** The rectangle around the spans, in squares, and how many squares are in them. */
function frameOf(spans: Spans): { left: number; top: number; right: number; bottom: number; count: number } {
  const across = spans.length / 2;
  const frame = { left: across, top: across, right: 0, bottom: 0, count: 0 };
  for (let y = 0; y < across; y++) {
    const [from, to] = spans.subarray(2 * y, 2 * y + 2);
    if (from >= to) continue;
    frame.left = Math.min(frame.left, from);
    frame.right = Math.max(frame.right, to);
    frame.top = Math.min(frame.top, y);
    frame.bottom = y + 1;
    frame.count += to - from;
  }
  return frame;
}

/**
 * Labels as squares of `scale` canvas pixels in their fill, with a line of their edge colour along every border between parts where a square
 * has more than one pixel. `out` is [side*side] with side = across * scale.
 */
export function paintSquares(
  out: Uint32Array,
  { across, scale, parts, fills, edges }: Omit<Painted, "image">,
  spans: Spans = wholeSpans(across),
): void {
  const side = across * scale;
  for (let y = 0; y < across; y++) {
    const [from, to] = spans.subarray(2 * y, 2 * y + 2);
    if (from >= to) continue;
    const first = y * across;
    const row = y * scale * side;
    const last = row + (scale - 1) * side;
    // Runs of one part, once, and then the same for the other rows of these squares.
    for (let x = from; x < to; ) {
      const part = parts[first + x];
      const start = x;
      while (x < to && parts[first + x] === part) x++;
      out.fill(fills[part], row + start * scale, row + x * scale);
    }
    for (let next = side; next <= last - row; next += side)
      out.copyWithin(row + next + from * scale, row + from * scale, row + to * scale);
    if (scale === 1) continue;
    for (let x = from; x < to; x++) {
      const n = first + x;
      const part = parts[n];
      const edge = edges[part];
      const at = x * scale;
      if (y > 0 && parts[n - across] !== part) out.fill(edge, row + at, row + at + scale);
      if (y < across - 1 && parts[n + across] !== part) out.fill(edge, last + at, last + at + scale);
      if (x > 0 && parts[n - 1] !== part) for (let o = row + at; o <= last + at; o += side) out[o] = edge;
      if (x < across - 1 && parts[n + 1] !== part)
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
  const image = new ImageData(resolution, resolution);
  const out = new Uint32Array(image.data.buffer);
  const ramp = Uint32Array.from({ length: 256 }, (_, v) => packRgba(confidenceColor(color, v / 255), 1));
  for (let n = 0; n < out.length; n++) out[n] = ramp[map[offset + n]];
  context2d(canvas).putImageData(image, 0, 0);
}
