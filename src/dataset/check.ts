/** Looks through a folder of images and masks for what breaks training elsewhere. */
import type { JobOptions } from "../tensor/progress.ts";
import { checkLabels } from "./checkMask.ts";
import { readClasses } from "./classList.ts";
import type { Fault } from "./faults.ts";
import type { DatasetFormat } from "./format.ts";
import { type DatasetClass, IGNORE_LABEL } from "./labelMap.ts";
import { crc32 } from "./png.ts";
import { type DatasetFolder, type FoundSample, type ReportFault, readText } from "./reading.ts";

/** What an image library says of an image. */
export interface ImageFacts {
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  /** EXIF orientation; 1 is upright. */
  readonly orientation: number;
}

export interface CheckResult {
  readonly format: string;
  readonly pairs: number;
  readonly faults: readonly Fault[];
}

/** The layout that takes most of the files. Throws RangeError when none takes any. */
export function detectFormat(paths: readonly string[], formats: readonly DatasetFormat[]): DatasetFormat {
  let best: { format: DatasetFormat; taken: number } | undefined;
  for (const format of formats) {
    const taken = format.recognise(paths);
    if (taken > (best?.taken ?? 0)) best = { format, taken };
  }
  if (best !== undefined) return best.format;
  throw new RangeError(
    `no images with masks or annotations were found; the layouts that are known: ${formats.map((f) => f.name).join(", ")}`,
  );
}

const LIST = /(^|\/)(train|val|test)\.txt$/;
const STRAY = /(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini|[^/]*\.(tmp|partial|part|bak|orig))$|~$/i;
const PLAIN_NAME = /^[\w.-]+$/;

/** Decodes a whole image; rejects when it cannot. */
export type ProbeImage = (bytes: Uint8Array) => Promise<ImageFacts>;

/** All faults, sample by sample. Memory holds a few numbers per file, not the files. */
export async function checkDataset(
  folder: DatasetFolder,
  format: DatasetFormat,
  probe: ProbeImage,
  { onProgress, signal }: JobOptions = {},
): Promise<CheckResult> {
  const faults: Fault[] = [];
  const report: ReportFault = (kind, path, found) => {
    faults.push({ kind, path, found });
  };
  for (const path of folder.paths) if (STRAY.test(path)) report("stray-file", path, "no part of the layout");
  const paths = folder.paths.filter((path) => !STRAY.test(path));
  const classes = await readClasses({ ...folder, paths }, format, report);
  const samples = await format.read({ ...folder, paths }, classes, report);
  const listed = paths.includes("classes.json");
  const total = new Float64Array(256);
  let masks = 0;
  let pairs = 0;
  const images = new Map<string, string>();
  const keys = new Map<string, string>();
  for (const [i, { key, image, labels }] of samples.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "check", done: i, total: samples.length });
    const at = image?.path ?? labels?.path ?? key;
    if (!PLAIN_NAME.test(key)) report("name-odd", at, `the name "${key}"`);
    const other = keys.get(key);
    if (other !== undefined) report("stem-twice", at, `the same stem as ${other}`);
    else keys.set(key, at);
    if (labels === undefined) report("image-without-mask", at, `no mask "${key}"`);
    if (image === undefined) report("mask-without-image", at, `no image "${key}"`);
    if (image !== undefined && labels !== undefined) pairs++;
    const size = image === undefined ? undefined : await checkImage(image, probe, images, report);
    const found = await labels?.read();
    if (labels === undefined || found === undefined) continue;
    const { width, height } = found.map;
    if (size !== undefined && (size.width !== width || size.height !== height))
      report("size-mismatch", labels.path, `${width}x${height}; the image has ${size.width}x${size.height}`);
    const counts = checkLabels(found, classes, listed, (kind, what) => report(kind, labels.path, what));
    masks++;
    counts.forEach((n, id) => {
      total[id] += n;
    });
  }
  onProgress?.({ phase: "check", done: samples.length, total: samples.length });
  if (classes !== undefined && masks > 0) checkTotals(total, classes, report);
  await checkLists(folder, paths, new Set(keys.keys()), report);
  return { format: format.name, pairs, faults };
}

async function checkImage(
  { path, read }: NonNullable<FoundSample["image"]>,
  probe: ProbeImage,
  seen: Map<string, string>,
  report: ReportFault,
): Promise<ImageFacts | undefined> {
  const bytes = await read();
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
    facts = await probe(bytes);
  } catch (error) {
    report("image-damaged", path, error instanceof Error ? error.message.split("\n")[0] : String(error));
    return undefined;
  }
  if (facts.orientation > 1) report("image-rotated", path, `EXIF orientation ${facts.orientation}`);
  if (facts.hasAlpha) report("image-alpha", path, "an alpha channel");
  return facts;
}

/** Classes over all masks: those that never appear, and ids that all are one too high. */
function checkTotals(total: Float64Array, classes: readonly DatasetClass[], report: ReportFault): void {
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

/** train.txt, val.txt, test.txt, a stem a line. */
async function checkLists(
  folder: DatasetFolder,
  paths: readonly string[],
  keys: ReadonlySet<string>,
  report: ReportFault,
): Promise<void> {
  const lists = paths.filter((path) => LIST.test(path));
  if (lists.length === 0) return;
  const owner = new Map<string, string>();
  for (const path of lists) {
    const names = (await readText(folder, path)).split(/\r?\n/).filter((line) => line.trim() !== "");
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
