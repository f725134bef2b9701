/** The painter's page as a folder that any static host serves. */
import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { z } from "zod";
import { type DatasetClass, paletteOf } from "../../dataset/labelMap.ts";
import { encodePng } from "../../dataset/png.ts";
import { type PainterAbout, painterSafetensors } from "../../models/painter/painterFile.ts";
import { defineJob } from "../requests/request.ts";
import { isFolder, listFolder, makeFolder, ProjectError, writeAtomic } from "../storage/files.ts";
import { openMasks } from "./masks.ts";
import { paintPageRequest } from "./options.ts";
import { readPainter } from "./painterModel.ts";
import type { PaintPageFile } from "./paintPageFile.ts";
import { portraitScenes, type Scene } from "./scenes.ts";

/** From dist/project/paint/, where users have this file, and from src/project/paint/, where it is developed. */
const PAGES = ["../../web/paint", "../../../dist/web/paint"];
/** The file by which a folder is known as such a page. */
const DESCRIPTION = "painter.json";
const MOST_SCENES = 24;

/** What was written. */
export interface PaintPage {
  readonly folder: string;
  readonly classes: readonly DatasetClass[];
  readonly scenes: number;
}

/**
 * Writes the painter's page with a painter into a folder, which is new, empty, or such a page (which is replaced). It asks nothing of a server
 * but its own files. Rejects with ProjectError for what is no painter, for a mask that is none of its, and where the folder holds something else.
 */
export const paintPageJob = defineJob(paintPageRequest, (request) => exportPaintPage(request));

/** The same, of a built page that is perhaps not the package's own. */
export async function exportPaintPage(request: z.input<typeof paintPageRequest>, page?: string): Promise<PaintPage> {
  const { model, outdir, scenes, title } = paintPageRequest.parse(request);
  const painter = await readPainter(model);
  const { classes, side } = painter.about;
  const found = scenes === null ? portraitScenes(classes, side) : await scenesIn(scenes, painter.about);
  const out = resolve(outdir);
  const there = await listFolder(out);
  if (there.length > 0 && !there.includes(DESCRIPTION))
    throw new ProjectError(`${out} holds other files. Give a new or empty folder for the page.`);
  const built = page ?? (await builtPage());
  await makeFolder(out);
  await copyPage(built, out);

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

/** The ending of files that lie packed in the package. */
const PACKED = ".gz";

/** Copies the page in place of an older one, whose files may have other names. */
async function copyPage(built: string, out: string): Promise<void> {
  await rm(join(out, "assets"), { recursive: true, force: true });
  for (const entry of await readdir(built, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(out, relative(built, from));
    await makeFolder(dirname(to));
    if (!to.endsWith(PACKED)) await copyFile(from, to);
    else await writeAtomic(to.slice(0, -PACKED.length), await promisify(gunzip)(await readFile(from)));
  }
}

/** The first masks of a folder or data set, in the painter's classes. */
async function scenesIn(path: string, about: PainterAbout): Promise<Scene[]> {
  const found: Scene[] = [];
  for await (const { path: from, labels } of (await openMasks(path, about)).read()) {
    const name = basename(from).replace(/\.png$/i, "");
    found.push({ name, mask: { width: about.side, height: about.side, data: labels } });
    if (found.length === MOST_SCENES) break;
  }
  return found;
}
