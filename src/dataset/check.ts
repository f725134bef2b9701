/** Looks through a folder of images and masks for what breaks training elsewhere. */
import type { JobOptions } from "../tensor/progress.ts";
import { checkMask } from "./checkMask.ts";
import type { Fault, FaultKind } from "./faults.ts";
import type { DatasetFormat } from "./format.ts";
import { checkClasses, type DatasetClass, IGNORE_LABEL } from "./labelMap.ts";
import { crc32 } from "./png.ts";

/** What an image library says of an image. */
export interface ImageFacts {
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  /** EXIF orientation; 1 is upright. */
  readonly orientation: number;
}

/** A folder as this module sees it. */
export interface DatasetFiles {
  /** Relative, with "/", in any order. */
  readonly paths: readonly string[];
  read(path: string): Promise<Uint8Array>;
  /** Decodes the whole image; rejects when it cannot. */
  probe(bytes: Uint8Array): Promise<ImageFacts>;
}

export interface CheckResult {
  readonly format: string;
  readonly pairs: number;
  readonly faults: readonly Fault[];
}

/** The layout that takes most of the files for images and masks. Throws RangeError when none takes any of both. */
export function detectFormat(paths: readonly string[], formats: readonly DatasetFormat[]): DatasetFormat {
  let best: { format: DatasetFormat; taken: number } | undefined;
  for (const format of formats) {
    const kinds = paths.map((path) => format.classify?.(path)?.kind);
    const [images, masks] = [kinds.filter((k) => k === "image").length, kinds.filter((k) => k === "mask").length];
    if (Math.min(images, masks) > 0 && images + masks > (best?.taken ?? 0)) best = { format, taken: images + masks };
  }
  if (best !== undefined) return best.format;
  const known = formats.filter((f) => f.classify !== undefined).map((f) => f.name);
  throw new RangeError(`no images with masks were found; layouts that can be checked are ${known.join(", ")}`);
}

const LIST = /(^|\/)(train|val|test)\.txt$/;
const STRAY = /(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini|[^/]*\.(tmp|partial|part|bak|orig))$|~$/i;
const PLAIN_NAME = /^[\w.-]+$/;

/** All faults, in the order of the files' names. Memory holds a few numbers per file, not the files. */
export async function checkDataset(
  files: DatasetFiles,
  format: DatasetFormat,
  { onProgress, signal }: JobOptions = {},
): Promise<CheckResult> {
  const paths = [...files.paths].sort();
  const faults: Fault[] = [];
  const report = (kind: FaultKind, path: string, found: string): void => {
    faults.push({ kind, path, found });
  };
  const classes = await readClasses(files, paths, report);
  const images = new Map<string, string>();
  const masks = new Map<string, string>();
  for (const path of paths) {
    if (STRAY.test(path)) {
      report("stray-file", path, "no part of the layout");
      continue;
    }
    const found = format.classify?.(path);
    if (found === undefined) continue;
    if (!PLAIN_NAME.test(found.key)) report("name-odd", path, `the name "${found.key}"`);
    const map = found.kind === "image" ? images : masks;
    const other = map.get(found.key);
    if (other !== undefined) report("stem-twice", path, `the same stem as ${other}`);
    else map.set(found.key, path);
  }
  const keys = [...new Set([...images.keys(), ...masks.keys()])].sort();
  const total = new Float64Array(256);
  const maskPaths: string[] = [];
  const seen = new Map<string, string>();
  for (const [i, key] of keys.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "check", done: i, total: keys.length });
    const image = images.get(key);
    const mask = masks.get(key);
    if (mask === undefined) report("image-without-mask", image!, `no mask "${key}"`);
    if (image === undefined) report("mask-without-image", mask!, `no image "${key}"`);
    const size = image === undefined ? undefined : await checkImage(files, image, seen, report);
    if (mask === undefined) continue;
    const bytes = await files.read(mask);
    if (bytes.length === 0) {
      report("empty-file", mask, "0 bytes");
      continue;
    }
    const facts = checkMask(bytes, classes, format.maskChannels ?? 1, (kind, found) => report(kind, mask, found));
    if (facts === undefined) continue;
    if (size !== undefined && (size.width !== facts.width || size.height !== facts.height))
      report("size-mismatch", mask, `${facts.width}x${facts.height}; the image has ${size.width}x${size.height}`);
    if (facts.counts === undefined) continue;
    maskPaths.push(mask);
    facts.counts.forEach((n, id) => {
      total[id] += n;
    });
  }
  onProgress?.({ phase: "check", done: keys.length, total: keys.length });
  if (classes !== undefined && maskPaths.length > 0) checkTotals(total, classes, report);
  await checkLists(files, paths, new Set(keys), report);
  return { format: format.name, pairs: keys.filter((k) => images.has(k) && masks.has(k)).length, faults };
}

type ReportAt = (kind: FaultKind, path: string, found: string) => void;

async function checkImage(
  files: DatasetFiles,
  path: string,
  seen: Map<string, string>,
  report: ReportAt,
): Promise<ImageFacts | undefined> {
  const bytes = await files.read(path);
  if (bytes.length === 0) {
    report("empty-file", path, "0 bytes");
    return undefined;
  }
  const same = `${bytes.length} ${crc32(bytes)}`;
  const other = seen.get(same);
  if (other !== undefined) report("image-twice", path, `the same content as ${other}`);
  else seen.set(same, path);
  let facts: ImageFacts;
  try {
    facts = await files.probe(bytes);
  } catch (error) {
    report("image-damaged", path, error instanceof Error ? error.message.split("\n")[0] : String(error));
    return undefined;
  }
  if (facts.orientation > 1) report("image-rotated", path, `EXIF orientation ${facts.orientation}`);
  if (facts.hasAlpha) report("image-alpha", path, "an alpha channel");
  return facts;
}

/** Classes over all masks: those that never appear, and ids that all are one too high. */
function checkTotals(total: Float64Array, classes: readonly DatasetClass[], report: ReportAt): void {
  if (total[0] === 0 && total[classes.length] > 0 && classes.length !== IGNORE_LABEL)
    report(
      "ids-from-one",
      "classes.json",
      `id 0 never appears, id ${classes.length} does; there are ${classes.length} classes`,
    );
  classes.forEach(({ name }, id) => {
    if (total[id] === 0) report("class-empty", "classes.json", `no pixel of class ${id} "${name}"`);
  });
}

async function readClasses(
  files: DatasetFiles,
  paths: readonly string[],
  report: ReportAt,
): Promise<readonly DatasetClass[] | undefined> {
  const path = "classes.json";
  if (!paths.includes(path)) {
    report("classes-missing", path, "not there: ids cannot be checked");
    return undefined;
  }
  try {
    const { classes } = JSON.parse(new TextDecoder().decode(await files.read(path))) as {
      classes: (DatasetClass & { readonly id: number })[];
    };
    checkClasses(classes);
    const wrong = classes.findIndex(({ id }, i) => id !== i);
    if (wrong >= 0)
      throw new RangeError(`class "${classes[wrong].name}" has id ${classes[wrong].id}, expected ${wrong}`);
    return classes;
  } catch (error) {
    report("classes-damaged", path, error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

/** train.txt, val.txt, test.txt, a stem a line. */
async function checkLists(
  files: DatasetFiles,
  paths: readonly string[],
  keys: ReadonlySet<string>,
  report: ReportAt,
): Promise<void> {
  const lists = paths.filter((path) => LIST.test(path));
  if (lists.length === 0) return;
  const owner = new Map<string, string>();
  for (const path of lists) {
    const names = new TextDecoder()
      .decode(await files.read(path))
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "");
    if (names.length === 0) report("list-empty", path, "no sample");
    for (const name of names) {
      const other = owner.get(name);
      if (other !== undefined)
        report("list-twice", path, other === path ? `"${name}" twice` : `"${name}", which is in ${other} too`);
      owner.set(name, path);
      if (!keys.has(name)) report("list-unknown", path, `"${name}", which is not there`);
    }
  }
  for (const key of keys) if (!owner.has(key)) report("list-left-out", key, "in no split");
}
