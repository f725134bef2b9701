/** Masks to be painted: their files, and their classes as the painter's. */
import { stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ReportKind } from "../../dataset/annotations.ts";
import { betweenShare, checkLabels, readMask, SMOOTHED_SHARE } from "../../dataset/checkMask.ts";
import { classesFile } from "../../dataset/classList.ts";
import { FAULTS, type FaultKind } from "../../dataset/faults.ts";
import { fileStem } from "../../dataset/insidePath.ts";
import { type DatasetClass, fillGaps, IGNORE_LABEL, type LabelMap, resizedLabels } from "../../dataset/labelMap.ts";
import type { Split } from "../../dataset/split.ts";
import type { PainterAbout } from "../../models/painter/painterFile.ts";
import { openFolder } from "../dataset/folder.ts";
import { openSource } from "../dataset/source.ts";
import { ProjectError, readGiven } from "../storage/files.ts";
import { readJsonFile } from "../storage/jsonFile.ts";

/** A mask in the painter's classes. */
export interface PaintMask {
  /** Where it is from, for messages. */
  readonly path: string;
  /** Stem of what is written: letters, digits, "-" and "_". */
  readonly name: string;
  /** [side * side] ids of the painter. */
  readonly labels: Uint8Array;
  /** Pixels of no class (255), which took the nearest pixel's. */
  readonly filled: number;
  /** The share of border pixels whose id lies between their neighbours', where it is so large that the mask must have been smoothed; else 0. */
  readonly smoothed: number;
  /** The encoded picture of the mask, and its split, where it is from a data set. */
  readonly image?: Uint8Array;
  readonly split?: Split;
}

export interface PaintMasks {
  readonly total: number;
  read(): AsyncGenerator<PaintMask>;
}

/**
 * Masks of a file, of a folder of index PNGs (with the classes.json in it, or beside its folder `masks`, else by the painter's own ids), or of a
 * data set in any layout that klish reads. Classes are found by name. With
 * `resize`, a data set's masks may have any size: they are squashed to the painter's, each pixel its nearest. Throws ProjectError that names file, value and remedy.
 */
export async function openMasks(
  path: string,
  about: PainterAbout,
  { resize = false }: { readonly resize?: boolean } = {},
): Promise<PaintMasks> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new ProjectError(`${path}: there is no such file or folder. Give a folder of masks, or a data set.`);
  if (found.isFile()) return plainMasks([path], await classesBeside(dirname(path)), about);
  const { paths } = await openFolder(path);
  const pictures = paths.filter((name) => name.endsWith(".png"));
  const flat = paths.every((name) => name === "classes.json" || (name.endsWith(".png") && !name.includes("/")));
  if (flat && pictures.length > 0)
    return plainMasks(
      pictures.map((name) => join(path, name)),
      await classesBeside(path),
      about,
    );
  const size = { width: about.side, height: about.side };
  const sized = (labels: LabelMap): LabelMap => (resize ? resizedLabels(labels, size) : labels);
  const source = await openSource([path], { fromFormat: null, recipe: null, name: path });
  return {
    total: source.info.samples,
    async *read() {
      for await (const { name, labels, image, split } of source.samples())
        yield { ...painterMask(join(path, name), sized(labels), source.info.classes, about), name, image, split };
    },
  };
}

/** The classes that a folder of masks lists, in it or beside it; undefined where it has no list. */
async function classesBeside(folder: string): Promise<readonly DatasetClass[] | undefined> {
  const places = [folder, ...(basename(folder) === "masks" ? [dirname(folder)] : [])];
  for (const place of places) {
    const listed = await readJsonFile(join(place, "classes.json"), classesFile, {
      what: "a list of classes",
      remedy: "Delete it: the masks then hold the painter's own ids.",
    });
    if (listed !== undefined) return listed.classes;
  }
  return undefined;
}

function plainMasks(
  paths: readonly string[],
  classes: readonly DatasetClass[] | undefined,
  about: PainterAbout,
): PaintMasks {
  return {
    total: paths.length,
    async *read() {
      for (const path of paths) yield readPaintMask(path, classes, about);
    },
  };
}

/** One index PNG. `classes`: those that its ids stand for, the painter's own if undefined. */
export async function readPaintMask(
  path: string,
  classes: readonly DatasetClass[] | undefined,
  about: PainterAbout,
): Promise<PaintMask> {
  const bytes = await readGiven(path);
  const known = classes ?? about.classes;
  /** Ids without a list of classes are taken for the painter's own, which they may not be. */
  const unlisted = (kind: FaultKind): string =>
    classes === undefined && kind === "id-out-of-range"
      ? ` There is no classes.json beside it, so its ids are the painter's: ${about.classes.map(({ name }, id) => `${id} ${name}`).join(", ")}. Where they mean others, put a classes.json with their names there.`
      : "";
  const report: ReportKind = (kind, found) => {
    const { severity, fix } = FAULTS[kind];
    if (severity === "error") throw new ProjectError(`${path}: ${found} (${kind}): ${fix}.${unlisted(kind)}`);
  };
  const labels = readMask(new Uint8Array(bytes), { channels: 1 }, undefined, report);
  if (labels === undefined) throw new ProjectError(`${path}: the mask cannot be read.`);
  checkLabels(labels, known, false, report);
  return painterMask(path, labels.map, known, about);
}

/** A mask of its own index PNG, with the list of classes beside it. */
export const readMaskFile = async (path: string, about: PainterAbout): Promise<PaintMask> =>
  readPaintMask(path, await classesBeside(dirname(path)), about);

/** Labels of other classes as the painter's. Throws ProjectError where they do not fit. */
export function painterMask(
  path: string,
  map: LabelMap,
  classes: readonly DatasetClass[],
  about: PainterAbout,
): PaintMask {
  const { side } = about;
  if (map.width !== side || map.height !== side)
    throw new ProjectError(
      `${path} is ${map.width}x${map.height} pixels, the painter paints ${side}x${side}: make the mask of that size, resized by nearest neighbour (without smoothing).`,
    );
  const between = betweenShare(map);
  const smoothed = between >= SMOOTHED_SHARE ? between : 0;
  const name = fileStem(basename(path).replace(/\.png$/i, ""));
  return { path, name, smoothed, ...painterLabels(path, map, classes, about) };
}

/** Labels of any size in the painter's classes, without gaps. */
export function painterLabels(
  path: string,
  { data, ...size }: LabelMap,
  classes: readonly DatasetClass[],
  about: PainterAbout,
): { readonly labels: Uint8Array; readonly filled: number } {
  const ids = classIds(classes, about);
  const unknown = data.find((id) => id !== IGNORE_LABEL && ids[id] === undefined);
  if (unknown !== undefined) {
    const pixels = data.reduce((n, id) => n + (id === unknown ? 1 : 0), 0);
    const name = classes[unknown] === undefined ? `id ${unknown}` : `"${classes[unknown].name}" (id ${unknown})`;
    throw new ProjectError(
      `${path}: ${pixels} pixels are ${name}, which is no class of the painter. It paints ${about.classes.map((c) => c.name).join(", ")}: paint one of these instead, or rename the class.`,
    );
  }
  const labels = data.map((id) => ids[id] ?? IGNORE_LABEL);
  const filled = fillGaps(labels, size);
  if (filled === labels.length)
    throw new ProjectError(`${path}: all pixels are 255, no class: a painting needs a class everywhere.`);
  return { labels, filled };
}

/** The painter's id of each class, by name. */
function classIds(classes: readonly DatasetClass[], about: PainterAbout): (number | undefined)[] {
  const own = new Map(about.classes.map(({ name }, id) => [name.toLowerCase(), id]));
  return classes.map(({ name }) => own.get(name.toLowerCase()));
}
