/** Masks that no data set has: whether a painter draws what is edited (the paper's Fig. 9). */
import { paletteOf } from "../../../dataset/labelMap.ts";
import type { Painter, Style } from "../../../models/painter/painter.ts";
import type { JobOptions } from "../../../tensor/progress.ts";
import { RandomState } from "../../../tensor/random.ts";
import { editableParts, editSources, type MaskEdit, maskEdits } from "../../../train/painter/maskEdits.ts";
import { colouredLabels } from "../../train/log/sheets.ts";
import type { Judge } from "./judge.ts";

/** A mask and its picture, [side,side] and [side,side,3]. */
export interface Pair {
  readonly labels: Uint8Array;
  readonly rgb: Uint8Array;
}

/**
 * What a painter makes of one kind of edit, as shares of the pixels whose class changes. What should be there is known: the part's own pixels,
 * moved as its mask was. A pixel follows the edit where its colour is nearer to those than to what was there before; where the two
 * are alike, it does not count.
 */
export interface EditFigures {
  readonly edit: MaskEdit;
  readonly masks: number;
  /** Before is the painting of the mask as it was, in the same style: whether the painter draws what is asked, as it draws it. */
  readonly drawn: number;
  /** Before is the picture, painted in its own style: whether it looks as the truth would. Null for a painter without an encoder. */
  readonly truth: number | null;
  /** The same of the painting of the mask as it was: what follows without any edit. */
  readonly unedited: number | null;
  /** Where a segmenter sees the new class, in paintings, and in pictures with the part's own pixels pasted there; null without one. */
  readonly obeyed: number | null;
  readonly pasted: number | null;
}

/** Masks that are edited, and rows of the sheet. */
const EDITED = 64;
const SHOWN = 8;
/** Distance of two colours, of 255 a channel, from which on a pixel can be told to be nearer to one of them. */
const APART = 12;

/** Pixels of one kind of edit: those that can be told, and those that follow. */
interface Told {
  told: number;
  followed: number;
}
const counted = (): Told => ({ told: 0, followed: 0 });
const share = ({ told, followed }: Told): number => followed / told;

/**
 * Each kind of edit on parts of masks. The sheet has rows of mask, painting, edited mask and its painting; it is empty, and so are the
 * figures, where no mask has a part that can be edited.
 */
export async function measureEdits(
  painter: Painter,
  pairs: readonly Pair[],
  judge: Judge | undefined,
  { onProgress, signal }: JobOptions,
): Promise<{ readonly figures: EditFigures[]; readonly sheet: Uint8Array[] }> {
  const { side, classes } = painter.about;
  const palette = paletteOf(classes);
  const background = classes.map((c) => c.background);
  const random = new RandomState(0);
  const counts = maskEdits.map((edit) => ({
    ...{ edit, changed: 0, obeyed: 0, pasted: 0 },
    ...{ drawn: counted(), truth: counted(), unedited: counted() },
  }));
  let masks = 0;
  const paint = async (labels: readonly Uint8Array[], style: Style): Promise<Uint8Array[]> =>
    (
      await painter.paint(
        labels,
        labels.map(() => style),
      )
    ).map(opaque);
  const sheet: Uint8Array[] = [];
  const some = pairs.slice(0, EDITED);
  for (const [i, { labels, rgb }] of some.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "paint edits", done: i, total: some.length });
    const parts = editableParts(labels, background);
    if (parts.length === 0) continue;
    masks++;
    const part = parts[random.randint(parts.length)];
    const sources = maskEdits.map((edit) => editSources(labels, side, part, edit, random));
    const edited = sources.map((from) => Uint8Array.from(from, (p) => labels[p]));
    const style = painter.style(i);
    const [before, ...after] = await paint([labels, ...edited], style);
    const own = await painter.encode?.(rgb, labels, style);
    const [ownBefore, ...ownAfter] = own === undefined ? [] : await paint([labels, ...edited], own);
    const seen = await judge?.see([...after, ...sources.map((from) => pastedPicture(rgb, from))]);
    for (const [k, count] of counts.entries()) {
      const changed = [...labels.keys()].filter((p) => edited[k][p] !== labels[p]);
      count.changed += changed.length;
      count.obeyed += changed.filter((p) => seen?.[k][p] === edited[k][p]).length;
      count.pasted += changed.filter((p) => seen?.[maskEdits.length + k][p] === edited[k][p]).length;
      follow(count.drawn, after[k], before, sources[k], changed);
      if (own === undefined) continue;
      follow(count.truth, ownAfter[k], rgb, sources[k], changed);
      follow(count.unedited, ownBefore, rgb, sources[k], changed);
    }
    const k = i % maskEdits.length;
    if (sheet.length < 4 * SHOWN)
      sheet.push(colouredLabels(labels, palette), before, colouredLabels(edited[k], palette), after[k]);
  }
  onProgress?.({ phase: "paint edits", done: some.length, total: some.length });
  const encodes = painter.encode !== undefined;
  const figures = counts.map(({ edit, changed, obeyed, pasted, drawn, truth, unedited }) => ({
    ...{ edit, masks, drawn: share(drawn) },
    ...{ truth: encodes ? share(truth) : null, unedited: encodes ? share(unedited) : null },
    ...{ obeyed: judge ? obeyed / changed : null, pasted: judge ? pasted / changed : null },
  }));
  return { figures: masks === 0 ? [] : figures, sheet };
}

/** The pixels of a picture [side,side,3] that an edited mask's are from. */
const pastedPicture = (rgb: Uint8Array, from: Int32Array): Uint8Array =>
  rgb.map((_, at) => rgb[3 * from[Math.floor(at / 3)] + (at % 3)]);

/** Counts the pixels of a painting that are nearer to `before` where they are from than to `before` where they are. */
function follow(
  count: Told,
  painting: Uint8Array,
  before: Uint8Array,
  from: Int32Array,
  pixels: readonly number[],
): void {
  for (const p of pixels) {
    if (apart(before, from[p], before, p) < APART) continue;
    count.told++;
    if (apart(painting, p, before, from[p]) < apart(painting, p, before, p)) count.followed++;
  }
}

/** Euclidean distance of the colours of two pixels. */
const apart = (a: Uint8Array, p: number, b: Uint8Array, q: number): number =>
  Math.hypot(a[3 * p] - b[3 * q], a[3 * p + 1] - b[3 * q + 1], a[3 * p + 2] - b[3 * q + 2]);

/** RGB of an opaque picture's RGBA. */
export const opaque = (rgba: Uint8ClampedArray): Uint8Array =>
  Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)]);
