/** What a press, a drag and a release do with each tool. */
import type { MaskEdit } from "./edit.ts";
import { doubled, type Piece, placed, takeUp } from "./piece.ts";
import { type Point, polygon } from "./raster.ts";
import { connectedRegion, eachSpan } from "./region.ts";
import { type PenPoint, stroke } from "./stroke.ts";
import type { Box } from "./tiles.ts";

/** A drag under way. */
export interface Gesture {
  to(point: PenPoint): void;
  end(): void;
}

/** What a tool knows of the editor, and can tell it. */
export interface Bench {
  readonly edit: MaskEdit;
  /** The label that is painted with. */
  readonly label: number;
  /** The label that an eraser leaves. */
  readonly erased: number;
  /** Of the brush, in pixels of the mask. */
  readonly radius: number;
  /** Pixels of the mask within which a handle is meant. */
  readonly reach: number;
  readonly piece: Piece | undefined;
  /** Move a copy, and scale with equal sides. */
  readonly copy: boolean;
  readonly even: boolean;
  setPiece(piece: Piece | undefined): void;
  setOutline(outline: readonly Point[]): void;
  pick(label: number): void;
  pan(by: Point): void;
}

export type ToolId = "brush" | "eraser" | "fill" | "lasso" | "move" | "pick" | "hand";

export interface Tool {
  readonly id: ToolId;
  readonly title: string;
  /** What it is for, in a few words. */
  readonly help: string;
  readonly key: string;
  start(bench: Bench, at: PenPoint): Gesture;
}

const once: Gesture = { to: () => {}, end: () => {} };
const pixelOf = ({ x, y }: Point): [number, number] => [Math.floor(x), Math.floor(y)];

const paint = ({ edit, radius }: Bench, at: PenPoint, label: number): Gesture =>
  stroke(radius, at, (y, from, to) => edit.fill(y, from, to, label));

function fill({ edit, label }: Bench, at: PenPoint): Gesture {
  eachSpan(connectedRegion(edit, ...pixelOf(at)), (y, from, to) => edit.fill(y, from, to, label));
  return once;
}

function lasso({ edit, label, setOutline }: Bench, at: PenPoint): Gesture {
  let line: readonly Point[] = [at];
  return {
    to(point) {
      line = [...line, point];
      setOutline(line);
    },
    end() {
      polygon(line, (y, from, to) => edit.fill(y, from, to, label));
    },
  };
}

function pick({ edit, pick }: Bench, at: PenPoint): Gesture {
  const look = (point: Point): void => {
    const [x, y] = pixelOf(point);
    if (x >= 0 && y >= 0 && x < edit.width && y < edit.height) pick(edit.data[y * edit.width + x]);
  };
  look(at);
  return { to: look, end: () => {} };
}

function hand({ pan }: Bench, at: PenPoint): Gesture {
  // The mask moves with the pen, so that the place under it stays the one where it was put down.
  return { to: (point) => pan({ x: point.x - at.x, y: point.y - at.y }), end: () => {} };
}

/** Takes hold of a handle of the piece that is up, of that piece, or of the part at the place. */
function move(bench: Bench, at: PenPoint): Gesture {
  const { edit, piece, setPiece } = bench;
  const corner = piece && cornersOf(piece.box).findIndex((c) => Math.hypot(c.x - at.x, c.y - at.y) <= bench.reach);
  if (piece !== undefined && corner !== undefined && corner >= 0) return scale(bench, piece, corner);
  const held = piece !== undefined && within(piece.box, at) ? piece : takeUp(edit, ...pixelOf(at));
  setPiece(held);
  if (held === undefined) return once;
  let now = bench.copy ? doubled(edit, held) : held;
  return {
    to(point) {
      const left = held.box.left + Math.round(point.x - at.x);
      const top = held.box.top + Math.round(point.y - at.y);
      if (left === now.box.left && top === now.box.top) return;
      now = placed(edit, now, { ...held.box, left, top });
      setPiece(now);
    },
    end: () => {},
  };
}

function scale({ edit, even, setPiece }: Bench, piece: Piece, corner: number): Gesture {
  const fixed = cornersOf(piece.box)[3 - corner];
  let now = piece;
  return {
    to({ x, y }) {
      let width = Math.max(1, Math.round(Math.abs(x - fixed.x)));
      let height = Math.max(1, Math.round(Math.abs(y - fixed.y)));
      if (even) {
        const factor = Math.max(width / piece.box.width, height / piece.box.height);
        width = Math.max(1, Math.round(piece.box.width * factor));
        height = Math.max(1, Math.round(piece.box.height * factor));
      }
      const left = x < fixed.x ? fixed.x - width : fixed.x;
      const top = y < fixed.y ? fixed.y - height : fixed.y;
      now = placed(edit, now, { left, top, width, height });
      setPiece(now);
    },
    end: () => {},
  };
}

/** Upper left, upper right, lower left, lower right. */
export const cornersOf = ({ left, top, width, height }: Box): Point[] => [
  { x: left, y: top },
  { x: left + width, y: top },
  { x: left, y: top + height },
  { x: left + width, y: top + height },
];

const within = ({ left, top, width, height }: Box, { x, y }: Point): boolean =>
  x >= left && y >= top && x < left + width && y < top + height;

/** In the order of the toolbar. */
export const TOOLS: readonly Tool[] = [
  { id: "brush", title: "Brush", help: "paint the chosen part", key: "b", start: (b, at) => paint(b, at, b.label) },
  { id: "eraser", title: "Eraser", help: "paint the background", key: "e", start: (b, at) => paint(b, at, b.erased) },
  { id: "fill", title: "Fill", help: "fill a connected area with the chosen part", key: "f", start: fill },
  { id: "lasso", title: "Lasso", help: "fill what a line goes round", key: "l", start: lasso },
  { id: "move", title: "Move", help: "drag a part; drag a corner of it to scale", key: "v", start: move },
  { id: "pick", title: "Pick", help: "choose the part under the pointer", key: "i", start: pick },
  { id: "hand", title: "Hand", help: "move the view", key: "h", start: hand },
];

export const toolOf = (id: ToolId): Tool => TOOLS.find((tool) => tool.id === id)!;
