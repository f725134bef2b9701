/** `klish paint`: masks in, pictures out; or pictures with edited masks, repainted where the mask changed. */
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { z } from "zod";
import { classesJson } from "../../dataset/format.ts";
import { fileStem } from "../../dataset/insidePath.ts";
import { paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { openPainterFile, type Painter } from "../../models/painter/painter.ts";
import { resolveProvider } from "../../runtime/node/providers.ts";
import { ortNode } from "../../runtime/ortNode.ts";
import type { JobOptions } from "../../tensor/progress.ts";
import { defineJob } from "../requests/request.ts";
import { encodeSheet, resized } from "../sampling/images.ts";
import { listFolder, ProjectError, writeAtomic } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";
import { isForeign, locked } from "../storage/lock.ts";
import { editPicture, openRecipe } from "./edit.ts";
import { openMasks } from "./masks.ts";
import { type PaintRequest, paintRequest } from "./options.ts";
import { readPainter } from "./painterModel.ts";
import { type PartFinder, partFinder, requestedStyles } from "./styles.ts";

export interface PaintSummary {
  readonly folder: string;
  /** Pictures that were painted. */
  readonly paintings: number;
  /** Pixels of no class in the masks, which took the nearest one. */
  readonly filled: number;
  /** Masks that look smoothed: the share of their border pixels whose class is another than those on both sides, by an id between theirs. */
  readonly smoothed: readonly { readonly path: string; readonly share: number }[];
  /** Of edits: share of the pixels whose class changed; null without. */
  readonly changed: number | null;
  readonly sheet: string;
}

const FILE = "paint.json";
const paintFile = z.object({ klish: z.literal("paintings"), version: z.literal(1) });
/** Masks that are painted together, tiles of the sheet in all, and side of each. */
const TOGETHER = 8;
const MOST_SHOWN = 32;
const SHEET_COLUMNS = 8;
const TILE = 128;

/**
 * Paints masks into a folder that is a data set itself: images/, masks/ (index PNGs), classes.json, sheet.png. What was painted there before
 * is written again. Rejects with ProjectError for masks, styles and recipes that do not fit.
 */
export const paintJob = defineJob(paintRequest, async (request, job): Promise<PaintSummary> => {
  const outdir = resolve(request.outdir);
  const model = await readPainter(request.model);
  await refuseOther(outdir);
  const threads = request.threads ?? availableParallelism();
  const provider = await resolveProvider(request.provider);
  const painter = await openPainterFile(model, { runtime: ortNode, provider, threads });
  const parts = partFinder(request, painter, { ...job, threads });
  try {
    const out = paintingsIn(outdir, painter);
    const painted =
      request.edit === null
        ? await paintMasks(request, painter, parts, out, job)
        : await paintEdits(request.edit, painter, parts, out, job);
    const about = { klish: "paintings", version: 1, model: request.model, modelSha256: model.sha256 };
    await locked(outdir, async () => {
      await writeAtomic(join(outdir, FILE), `${JSON.stringify({ ...about, style: request.style }, null, 2)}\n`);
      await out.finish();
    });
    return { folder: outdir, sheet: join(outdir, "sheet.png"), ...painted };
  } finally {
    await parts.dispose();
    await painter.dispose();
  }
});

/** Throws ProjectError where a folder holds something else than paintings. */
async function refuseOther(outdir: string): Promise<void> {
  const foreign = (await listFolder(outdir)).filter(isForeign);
  if (foreign.length === 0) return;
  const before = await readJsonFile(join(outdir, FILE), paintFile, {
    what: "a folder of paintings",
    remedy: "Choose a new --outdir.",
  });
  if (before === undefined)
    throw new ProjectError(
      `${outdir} is not empty and holds no paintings (${foreign.slice(0, 3).join(", ")}). Choose an empty or new --outdir.`,
    );
}

interface Paintings {
  /** A picture's PNG with its mask; `shown` besides on the sheet. */
  add(name: string, png: Uint8Array, labels: Uint8Array, shown: readonly Uint8Array[]): Promise<void>;
  finish(): Promise<void>;
}

function paintingsIn(outdir: string, { about }: Painter): Paintings {
  const { side, classes } = about;
  const palette = paletteOf(classes);
  const tiles: Uint8Array[] = [];
  let written = false;
  return {
    async add(name, png, labels, shown) {
      if (!written) await writeAtomic(join(outdir, FILE), `${JSON.stringify({ klish: "paintings", version: 1 })}\n`);
      written = true;
      const mask = encodePng({ width: side, height: side, data: labels, palette });
      await writeAtomic(join(outdir, "images", `${name}.png`), png, { flush: false });
      await writeAtomic(join(outdir, "masks", `${name}.png`), mask, { flush: false });
      if (tiles.length >= MOST_SHOWN) return;
      const colours = new Uint8Array(3 * labels.length);
      for (const [p, id] of labels.entries()) colours.set(palette.subarray(3 * id, 3 * id + 3), 3 * p);
      for (const rgb of [colours, ...shown]) tiles.push(await resized(rgb, side, TILE));
    },
    async finish() {
      await writeAtomic(join(outdir, "classes.json"), classesJson(classes));
      await writeAtomic(join(outdir, "sheet.png"), await encodeSheet(tiles, TILE, SHEET_COLUMNS));
    },
  };
}

async function paintMasks(
  request: PaintRequest,
  painter: Painter,
  parts: PartFinder,
  out: Paintings,
  { onProgress, signal }: JobOptions,
): Promise<Omit<PaintSummary, "folder" | "sheet">> {
  const styles = await requestedStyles(request, painter, parts);
  const { total, read } = await openMasks(request.masks as string, painter.about);
  const taken = new Set<string>();
  let [paintings, filled, done] = [0, 0, 0];
  const smoothed: { path: string; share: number }[] = [];
  const report = (): void => {
    signal?.throwIfAborted();
    onProgress?.({ phase: "paint masks", done, total });
  };
  report();
  for await (const mask of read()) {
    let stem = mask.name;
    for (let i = 2; taken.has(stem.toLowerCase()); i++) stem = `${mask.name}-${i}`;
    taken.add(stem.toLowerCase());
    for (let first = 0; first < styles.length; first += TOGETHER) {
      const some = styles.slice(first, first + TOGETHER);
      const pictures = await painter.paint(
        some.map(() => mask.labels),
        some.map(({ style }) => style),
      );
      for (const [i, rgba] of pictures.entries()) {
        const name = styles.length === 1 ? stem : `${stem}-${some[i].name}`;
        await out.add(name, await pngOf(rgba, painter.about.side), mask.labels, [withoutAlpha(rgba)]);
      }
      paintings += pictures.length;
    }
    filled += mask.filled;
    if (mask.smoothed > 0) smoothed.push({ path: mask.path, share: mask.smoothed });
    done++;
    report();
  }
  return { paintings, filled, smoothed, changed: null };
}

async function paintEdits(
  path: string,
  painter: Painter,
  parts: PartFinder,
  out: Paintings,
  { onProgress, signal }: JobOptions,
): Promise<Omit<PaintSummary, "folder" | "sheet">> {
  const edits = await openRecipe(path);
  const { side } = painter.about;
  let changed = 0;
  for (const [i, edit] of edits.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "paint edits", done: i, total: edits.length });
    const edited = await editPicture(edit, painter, parts);
    const small = async (picture: Uint8Array | string): Promise<Uint8Array> =>
      sharp(picture).autoOrient().resize(side, side, { fit: "fill" }).flatten().toColourspace("srgb").raw().toBuffer();
    const shown = [await small(edit.picture), await small(edited.png)];
    const stem = fileStem(edit.picture.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, ""));
    await out.add(edits.length === 1 ? stem : `${String(i).padStart(4, "0")}-${stem}`, edited.png, edited.after, shown);
    changed += edited.changed / side ** 2;
  }
  onProgress?.({ phase: "paint edits", done: edits.length, total: edits.length });
  return { paintings: edits.length, filled: 0, smoothed: [], changed: changed / edits.length };
}

const withoutAlpha = (rgba: Uint8ClampedArray): Uint8Array =>
  Uint8Array.from({ length: (rgba.length / 4) * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)]);

const pngOf = (rgba: Uint8ClampedArray, side: number): Promise<Buffer> =>
  sharp(withoutAlpha(rgba), { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer();
