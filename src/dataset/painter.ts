import { IGNORE_LABEL, type LabelMap } from "./labelMap.ts";

/**
 * Receives a run of pixels: `length` of them from index `start` (row by row), `step` apart: 1 along the rows, which is the default, or the
 * map's width down a column.
 */
export type Fill = (start: number, length: number, step?: number) => void;

/** An area as runs of pixels. Throws RangeError where its description is damaged. */
export type Area = (fill: Fill) => void;

/** Puts areas onto a label map one after another, as annotation tools list them. */
export interface AreaPainter {
  /** Pixels that an earlier area had claimed. */
  readonly overlap: number;
  /** Whether areas have covered so many pixels that no more are painted. */
  readonly exhausted: boolean;
  /**
   * Gives the pixels of an area a label, 0 to 254; later areas win. Returns how many there were and their box. Throws RangeError for
   * a damaged area, and where too much has been painted for an image of this size.
   */
  paint(area: Area, label: number): PaintedArea;
  /** The painted map; `background` is what no area claimed: a class id, or 255. Painting ends with it. */
  finish(background?: number): LabelMap;
}

export interface PaintedArea {
  readonly area: number;
  /** Left, top, width, height; zeros where there is no pixel. */
  readonly box: readonly [number, number, number, number];
}

/** A short list of areas can cover an image any number of times; people cover it a few times. */
const MOST_LAYERS = 8;
/** Room for the many areas of small images. */
const LEAST_WORK = 2 ** 24;
/** What a run costs, in pixels. */
const RUN_WORK = 16;

/** A painter on an empty map. Its size must be plausible: see `plausibleSize`. */
export function areaPainter(width: number, height: number): AreaPainter {
  const data = new Uint8Array(width * height).fill(IGNORE_LABEL);
  let overlap = 0;
  let left = LEAST_WORK + MOST_LAYERS * data.length;
  return {
    get overlap() {
      return overlap;
    },
    get exhausted() {
      return left < 0;
    },
    paint(area, label) {
      let [count, x0, y0, x1, y1] = [0, width, height, -1, -1];
      area((start, length, step = 1) => {
        if (length === 0) return;
        left -= length + RUN_WORK;
        if (left < 0)
          throw new RangeError(`the areas cover the image more than ${MOST_LAYERS} times: the rest is not read`);
        const last = start + (length - 1) * step;
        const [top, bottom] = [Math.floor(start / width), Math.floor(last / width)];
        // A run along the rows that goes on in the next one touches both borders.
        const wraps = step === 1 && bottom > top;
        x0 = Math.min(x0, wraps ? 0 : start - top * width);
        x1 = Math.max(x1, wraps ? width - 1 : last - bottom * width);
        y0 = Math.min(y0, top);
        y1 = Math.max(y1, bottom);
        count += length;
        let covered = 0;
        for (let p = start; p <= last; p += step) {
          if (data[p] !== IGNORE_LABEL) covered++;
          data[p] = label;
        }
        overlap += covered;
      });
      return { area: count, box: count === 0 ? [0, 0, 0, 0] : [x0, y0, x1 - x0 + 1, y1 - y0 + 1] };
    },
    finish(background = IGNORE_LABEL) {
      if (background !== IGNORE_LABEL)
        for (let p = 0; p < data.length; p++) if (data[p] === IGNORE_LABEL) data[p] = background;
      return { width, height, data };
    },
  };
}
