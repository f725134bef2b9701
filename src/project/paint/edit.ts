/** Pictures with edited masks: painted anew where the mask changed, and left alone elsewhere. */
import { dirname, isAbsolute, join } from "node:path";
import sharp from "sharp";
import { z } from "zod";
import type { Painter } from "../../models/painter/painter.ts";
import { SEED } from "../requests/seeds.ts";
import { ProjectError } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { readMaskFile } from "./masks.ts";
import { encoded, type PartFinder, squarePicture } from "./styles.ts";

/** recipe.json. Paths are relative to its folder. */
const recipe = z.strictObject({
  edits: z
    .array(
      z.strictObject({
        /** A square picture of any size, and the mask that it shall have. */
        picture: z.string().min(1),
        mask: z.string().min(1),
        /** The mask that it has; a segmenter finds it otherwise. */
        before: z.string().min(1).optional(),
        /** Seed of the style of classes that the picture has not got. */
        style: SEED.optional(),
      }),
    )
    .min(1),
});

export interface Edited {
  readonly path: string;
  /** The masks before and after, [side * side]. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** Pixels whose class changed. */
  readonly changed: number;
  /** PNG of the picture's own size. */
  readonly png: Uint8Array;
}

/** Edits of a recipe, one after another. Throws ProjectError that names what does not fit. */
export async function openRecipe(path: string): Promise<readonly z.infer<typeof recipe>["edits"][number][]> {
  const found = await readJsonFile(path, recipe, { what: "a recipe of edits", remedy: "docs/PAINT.md shows one." });
  if (found === undefined) throw new ProjectError(`${path}: there is no such file. docs/PAINT.md shows a recipe.`);
  const from = (name: string): string => (isAbsolute(name) ? name : join(dirname(path), name));
  return found.edits.map((edit) => ({
    ...edit,
    picture: from(edit.picture),
    mask: from(edit.mask),
    ...(edit.before === undefined ? {} : { before: from(edit.before) }),
  }));
}

/** Width of the border in which old and new meet, as a share of the side. */
const BORDER = 1 / 32;

/** Repaints a picture where its mask changed, in its own style. */
export async function editPicture(
  { picture, mask, before: known, style }: Awaited<ReturnType<typeof openRecipe>>[number],
  painter: Painter,
  parts: PartFinder,
): Promise<Edited> {
  const { side } = painter.about;
  const { rgb, original, size } = await squarePicture(picture, side);
  const before = known === undefined ? await parts.find(picture) : (await readMaskFile(known, painter.about)).labels;
  const { labels: after } = await readMaskFile(mask, painter.about);
  const own = await encoded(painter, rgb, before, painter.style(style ?? 0), picture);
  const [painted] = await painter.paint([after], [own]);
  const share = changedShare(before, after, side);
  const changed = before.reduce((n, id, p) => n + (id === after[p] ? 0 : 1), 0);
  return { path: picture, before, after, changed, png: await blended(original, size, painted, share, side) };
}

/** How much of each pixel is painted anew, 0 to 1: all where the class changed, less and less in a border around. */
export function changedShare(before: Uint8Array, after: Uint8Array, side: number): Float32Array {
  const reach = Math.max(1, Math.round(side * BORDER));
  let share = Float32Array.from(before, (id, p) => (id === after[p] ? 0 : 1));
  for (let ring = 0; ring < reach; ring++) {
    const level = 1 - (ring + 1) / (reach + 1);
    const grown = share.slice();
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++) {
        const p = y * side + x;
        if (share[p] > 0) continue;
        const near = (x > 0 && share[p - 1] > 0) || (x + 1 < side && share[p + 1] > 0);
        if (near || (y > 0 && share[p - side] > 0) || (y + 1 < side && share[p + side] > 0)) grown[p] = level;
      }
    share = grown;
  }
  return share;
}

/** The picture at its own size, with the painting over it by its share. */
async function blended(
  original: Uint8Array,
  size: number,
  painted: Uint8ClampedArray,
  share: Float32Array,
  side: number,
): Promise<Uint8Array> {
  const rgba = Uint8Array.from(painted);
  for (const [p, v] of share.entries()) rgba[4 * p + 3] = Math.round(255 * v);
  const over = await sharp(rgba, { raw: { width: side, height: side, channels: 4 } })
    .resize(size, size, { fit: "fill" })
    .png()
    .toBuffer();
  return sharp(original)
    .autoOrient()
    .flatten({ background: "#ffffff" })
    .toColourspace("srgb")
    .composite([{ input: over }])
    .removeAlpha()
    .png()
    .toBuffer();
}
