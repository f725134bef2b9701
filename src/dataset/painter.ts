import { IGNORE_LABEL, type LabelMap } from "./labelMap.ts";

/** Puts areas onto a label map one after another, as annotation tools list them. */
export interface AreaPainter {
  readonly map: LabelMap;
  /** Pixels that an earlier area had claimed. */
  readonly overlap: number;
  /** Gives pixels, as indices row by row, a label; later areas win. Returns how many there were and their box. */
  paint(pixels: Iterable<number>, label: number): PaintedArea;
}

export interface PaintedArea {
  readonly area: number;
  /** Left, top, width, height; zeros where there is no pixel. */
  readonly box: readonly [number, number, number, number];
}

/** A painter on a map that is `background` everywhere: a class id, or 255. */
export function areaPainter(width: number, height: number, background = IGNORE_LABEL): AreaPainter {
  const data = new Uint8Array(width * height).fill(background);
  const claimed = new Uint8Array(width * height);
  let overlap = 0;
  return {
    map: { width, height, data },
    get overlap() {
      return overlap;
    },
    paint(pixels, label) {
      let [area, left, top, right, bottom] = [0, width, height, -1, -1];
      for (const p of pixels) {
        const x = p % width;
        const y = (p - x) / width;
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = Math.max(bottom, y);
        overlap += claimed[p];
        claimed[p] = 1;
        data[p] = label;
        area++;
      }
      return { area, box: area === 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1] };
    },
  };
}
