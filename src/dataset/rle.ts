/** Run lengths of a binary mask, as COCO and CVAT write them. */
import type { Area } from "./painter.ts";

/**
 * Lengths of alternating runs of a mask of `length` pixels, zeros first (a first run may be empty). `inside(i)` tells
 * whether pixel i, in the format's own order, belongs to the mask.
 */
export function runLengths(length: number, inside: (i: number) => boolean): number[] {
  const runs: number[] = [];
  let value = false;
  let run = 0;
  for (let i = 0; i < length; i++) {
    if (inside(i) !== value) {
      runs.push(run);
      run = 0;
      value = !value;
    }
    run++;
  }
  runs.push(run);
  return runs;
}

/**
 * The run lengths, down the columns as COCO counts, of every component's mask at once: what `runLengths` gives for each of the `count`
 * components of `index` [height,width], in one pass.
 */
export function columnRuns(index: Int32Array, count: number, width: number, height: number): number[][] {
  const runs: number[][] = Array.from({ length: count }, () => []);
  // Where each component's last run ended.
  const ends = new Int32Array(count);
  const area = width * height;
  let current = -1;
  let start = 0;
  const close = (end: number): void => {
    if (current < 0) return;
    runs[current].push(start - ends[current], end - start);
    ends[current] = end;
  };
  let at = 0;
  for (let x = 0; x < width; x++)
    for (let p = x; p < area; p += width, at++) {
      if (index[p] === current) continue;
      close(at);
      current = index[p];
      start = at;
    }
  close(area);
  for (let c = 0; c < count; c++) if (ends[c] < area) runs[c].push(area - ends[c]);
  return runs;
}

/**
 * COCO's compressed counts (pycocotools' `rleToString`): from the third run on the difference to the run before the last, in
 * groups of 5 bits, low first, a sixth bit saying that more follow, plus 48 as a character.
 */
export function cocoCounts(runs: readonly number[]): string {
  let text = "";
  for (let i = 0; i < runs.length; i++) {
    let x = i > 2 ? runs[i] - runs[i - 2] : runs[i];
    for (let more = true; more; ) {
      let c = x & 31;
      x >>= 5;
      more = c & 16 ? x !== -1 : x !== 0;
      if (more) c |= 32;
      text += String.fromCharCode(c + 48);
    }
  }
  return text;
}

/** The inverse of `cocoCounts`. Throws RangeError for text that it does not write. */
export function cocoRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let x = 0;
    let shift = 0;
    for (let more = true; more; shift += 5) {
      const c = text.charCodeAt(at++) - 48;
      if (!(c >= 0 && c < 64) || shift > 30)
        throw new RangeError(`cocoRuns: "${text.slice(0, 20)}…" is not COCO run-length text`);
      x |= (c & 31) << shift;
      more = (c & 32) !== 0;
      if (!more && c & 16) x |= -1 << (shift + 5);
    }
    runs.push(runs.length > 2 ? x + runs[runs.length - 2] : x);
  }
  return runs;
}

/** Throws RangeError where run lengths are not whole numbers from 0 on, or do not sum to `length`. */
function checkRuns(runs: readonly number[], length: number): void {
  const odd = runs.findIndex((run) => !(Number.isInteger(run) && run >= 0));
  if (odd >= 0) throw new RangeError(`run length ${odd} is ${runs[odd]}, expected an integer of at least 0`);
  const sum = runs.reduce((total, run) => total + run, 0);
  if (sum !== length) throw new RangeError(`the run lengths sum to ${sum}, expected ${length}`);
}

/**
 * Runs of zeros and ones in turn along the rows of a `w` x `h` part of a map `width` wide, whose first pixel is `start`. Throws RangeError for
 * runs of another size.
 */
export function rowRuns(runs: readonly number[], start: number, w: number, h: number, width: number): Area {
  checkRuns(runs, w * h);
  return (fill) => {
    let at = 0;
    for (const [i, run] of runs.entries()) {
      const end = at + run;
      for (; i % 2 === 1 && at < end; ) {
        const [x, y] = [at % w, Math.floor(at / w)];
        const length = Math.min(end - at, w - x);
        fill(start + y * width + x, length);
        at += length;
      }
      at = end;
    }
  };
}

/** Runs of zeros and ones in turn down the columns of a map, as COCO counts. Throws RangeError for runs of another size. */
export function columnArea(runs: readonly number[], width: number, height: number): Area {
  checkRuns(runs, width * height);
  return (fill) => {
    let at = 0;
    for (const [i, run] of runs.entries()) {
      const end = at + run;
      for (; i % 2 === 1 && at < end; ) {
        const [x, y] = [Math.floor(at / height), at % height];
        const length = Math.min(end - at, height - y);
        fill(y * width + x, length, width);
        at += length;
      }
      at = end;
    }
  };
}
