/** The painter's page as a folder that any static host serves. */
import { cp, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type DatasetClass, IGNORE_LABEL, type LabelMap, paletteOf, resizedLabels } from "../../dataset/labelMap.ts";
import { decodePng, encodePng, PngError } from "../../dataset/png.ts";
import { painterSafetensors } from "../../models/painter/painterFile.ts";
import { portraitClasses } from "../../portraits/classes.ts";
import { portraitOf } from "../../portraits/render.ts";
import { isFolder, listFolder, makeFolder, ProjectError, readPlainFile, writeAtomic } from "../storage/files.ts";
import { readPainter } from "./painterModel.ts";
import type { PaintPageFile } from "./paintPageFile.ts";

/** From dist/project/paint/, where users have this file, and from src/project/paint/, where it is developed. */
const PAGES = ["../../web/paint", "../../../dist/web/paint"];
/** The file by which a folder is known as such a page. */
const DESCRIPTION = "painter.json";
/** Seeds of the portraits whose masks begin a painter of portraits. */
const PORTRAITS = [0, 1, 2, 3, 4, 5, 6, 7];
const MOST_SCENES = 24;

export interface PaintPageOptions {
  /** A folder of index PNGs to begin with, the first 24 by name; portraits for a painter of these, else none. */
  readonly scenes?: string | undefined;
  /** Heading of the page. */
  readonly title?: string | undefined;
  /** The built page, where it is not the package's own. */
  readonly page?: string | undefined;
}

/** What was written. */
export interface PaintPage {
  readonly folder: string;
  readonly classes: readonly DatasetClass[];
  readonly scenes: number;
}

/**
 * Writes the painter's page with a painter into a folder, which is new, empty, or such a page (which is replaced). It asks nothing of a server
 * but its own files. Throws ProjectError for what is no painter, for a mask that is none of its, and where the folder holds something else.
 *
 * @param model what `readPainter` takes
 */
export async function exportPaintPage(
  model: string,
  folder: string,
  { scenes, title = "Paint", page }: PaintPageOptions = {},
): Promise<PaintPage> {
  const painter = await readPainter(model);
  const { classes, side } = painter.about;
  const found = scenes === undefined ? portraitScenes(classes, side) : await scenesIn(scenes, classes, side);
  const out = resolve(folder);
  const there = await listFolder(out);
  if (there.length > 0 && !there.includes(DESCRIPTION))
    throw new ProjectError(`${out} holds other files. Give a new or empty folder for the page.`);
  const built = page ?? (await builtPage());
  await makeFolder(out);
  await cp(built, out, { recursive: true });

  const { weights, model: onnx } = painter;
  const file = weights === undefined ? "painter.onnx" : "painter.safetensors";
  await writeAtomic(join(out, file), weights === undefined ? onnx! : painterSafetensors({ ...painter, weights }));
  const palette = paletteOf(classes);
  for (const [i, { mask }] of found.entries())
    await writeAtomic(join(out, "scenes", `${i}.png`), encodePng({ ...mask, palette }));
  const description: PaintPageFile = {
    ...{ klish: "paint-page", version: 1, title, painter: file },
    scenes: found.map(({ name }, i) => ({ name, mask: `scenes/${i}.png` })),
  };
  // Last, so that what has it is whole.
  await writeAtomic(join(out, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
  return { folder: out, classes, scenes: found.length };
}

async function builtPage(): Promise<string> {
  const places = PAGES.map((relative) => fileURLToPath(new URL(relative, import.meta.url)));
  for (const place of places) if (await isFolder(place)) return place;
  throw new Error("paint: the page dist/web/paint is missing; build it with `npx vite build web/paint`");
}

interface Scene {
  readonly name: string;
  readonly mask: LabelMap;
}

/** Drawn masks, where the classes are those of the drawn portraits. */
function portraitScenes(classes: readonly DatasetClass[], side: number): Scene[] {
  const same =
    classes.length === portraitClasses.length && classes.every(({ name }, i) => name === portraitClasses[i].name);
  if (!same) return [];
  return PORTRAITS.map((seed) => ({
    name: `Portrait ${seed}`,
    mask: portraitOf(seed, side).labels,
  }));
}

/** The masks of a folder. Throws ProjectError for one that is of other classes or not square. */
async function scenesIn(folder: string, classes: readonly DatasetClass[], side: number): Promise<Scene[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith(".png")).sort();
  if (names.length === 0) throw new ProjectError(`${folder} holds no masks. Expected a folder of index PNGs.`);
  const found: Scene[] = [];
  for (const name of names.slice(0, MOST_SCENES)) {
    const path = join(folder, name);
    try {
      const { width, height, channels, bitDepth, data } = decodePng(await readPlainFile(path));
      if (channels !== 1 || bitDepth === 16) throw new PngError("its pixels are colours, not class numbers");
      if (width !== height) throw new PngError(`it is ${width}x${height}, expected a square`);
      const labels = { width, height, data: Uint8Array.from(data) };
      const foreign = data.find((label) => label >= classes.length && label !== IGNORE_LABEL);
      if (foreign !== undefined) throw new PngError(`it has the class ${foreign}, the painter has ${classes.length}`);
      found.push({ name: name.slice(0, -".png".length), mask: resizedLabels(labels, { width: side, height: side }) });
    } catch (error) {
      if (!(error instanceof PngError)) throw error;
      throw new ProjectError(`${path} is not a mask for this painter: ${error.message}.`, { cause: error });
    }
  }
  return found;
}
