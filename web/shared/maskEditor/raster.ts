/** Shapes as rows of pixels. A pixel belongs to a shape where its centre (x + .5, y + .5) does. */

/** Pixels `from` to `to` - 1 of row `y`; they may lie outside the mask. */
export type Span = (y: number, from: number, to: number) => void;

/** In pixels of the mask, from its upper left corner; fractions are within a pixel. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A disc, and in any case the pixel in which its centre lies: the thinnest brush paints too. */
export function disc({ x, y }: Point, radius: number, emit: Span): void {
  const [column, row] = [Math.floor(x), Math.floor(y)];
  const top = Math.min(row, Math.ceil(y - radius - 0.5));
  const bottom = Math.max(row, Math.floor(y + radius - 0.5));
  for (let line = top; line <= bottom; line++) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (line + 0.5 - y) ** 2));
    let from = Math.ceil(x - half - 0.5);
    let to = Math.floor(x + half - 0.5) + 1;
    if (line === row) {
      from = Math.min(from, column);
      to = Math.max(to, column + 1);
    }
    if (from < to) emit(line, from, to);
  }
}

/** The inside of a closed polygon by the non-zero rule: what a line encircles twice is inside too. */
export function polygon(points: readonly Point[], emit: Span): void {
  if (points.length < 3) return;
  const rows = points.map(({ y }) => y);
  const bottom = Math.floor(rows.reduce((a, b) => Math.max(a, b)) - 0.5);
  for (let y = Math.ceil(rows.reduce((a, b) => Math.min(a, b)) - 0.5); y <= bottom; y++) {
    let winding = 0;
    let from = 0;
    for (const { x, turn } of crossings(points, y + 0.5)) {
      if (winding === 0) from = x;
      winding += turn;
      if (winding === 0 && from < x) emit(y, from, x);
    }
  }
}

/** Where the polygon's sides cross the row's middle: the first pixel whose centre lies right of the crossing, and the side's direction. */
function crossings(points: readonly Point[], middle: number): { x: number; turn: number }[] {
  const found: { x: number; turn: number }[] = [];
  for (const [i, a] of points.entries()) {
    const b = points[(i + 1) % points.length];
    if (a.y <= middle === b.y <= middle) continue;
    // From the upper end, whichever way the side runs: two shapes that share it then leave no pixel out and none twice.
    const [upper, lower] = a.y < b.y ? [a, b] : [b, a];
    const x = upper.x + ((middle - upper.y) / (lower.y - upper.y)) * (lower.x - upper.x);
    found.push({ x: Math.ceil(x - 0.5), turn: upper === a ? 1 : -1 });
  }
  return found.sort((p, q) => p.x - q.x);
}
