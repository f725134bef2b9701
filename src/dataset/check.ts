/** Looks through a folder of images and masks for what breaks training elsewhere. */
import type { JobOptions } from "../tensor/progress.ts";
import { checkLabels } from "./checkMask.ts";
import { FAULTS, type Fault } from "./faults.ts";
import type { DatasetLayout } from "./format.ts";
import { type DatasetClass, IGNORE_LABEL } from "./labelMap.ts";
import { type OpenedLayout, openLayout, type ProbeImage } from "./openLayout.ts";
import { crc32 } from "./png.ts";
import { type DatasetFolder, type ReportFault, readText } from "./reading.ts";

/** What a check found: the layout, how many pairs, and every fault. */
export interface CheckResult {
  readonly format: string;
  readonly pairs: number;
  readonly faults: readonly Fault[];
}

/** What a look at all samples found. */
export interface Findings {
  /** Images with labels. */
  readonly pairs: number;
  /** Masks that could be read. */
  readonly masks: number;
  /** Pixels of each id, 0 to 255, in all masks. */
  readonly pixels: Float64Array;
  /** Of the first mask that has one. */
  readonly palette: Uint8Array | undefined;
}

const LIST = /(^|\/)(train|val|test)\.txt$/;
/** Lists of VOC that are of other tasks. */
const OTHER_LIST = /(^|\/)ImageSets\/(Main|Layout|Action)\//;
const PLAIN_NAME = /^[\w.-]+$/;

/** All faults of a folder in one of the layouts, sample by sample. Memory holds a few numbers per file, not the files. */
export async function checkDataset(
  folder: DatasetFolder,
  layouts: readonly DatasetLayout[],
  probe: ProbeImage,
  job: JobOptions = {},
): Promise<CheckResult> {
  const faults: Fault[] = [];
  const opened = await openLayout(folder, layouts, probe, (kind, path, found) => faults.push({ kind, path, found }));
  const { pairs } = await checkLayout(opened, faults, job);
  return { format: opened.layout.name, pairs, faults };
}

/** Reads all samples of an opened folder; what is wrong is reported where it was opened, which `faults` gathers. */
export async function checkLayout(
  opened: OpenedLayout,
  faults: readonly Fault[],
  { onProgress, signal }: JobOptions = {},
): Promise<Findings> {
  const { folder, samples, classes, report } = opened;
  const listed = folder.paths.includes("classes.json");
  const total = new Float64Array(256);
  const binary: BinaryMask[] = [];
  let [masks, pairs] = [0, 0];
  let palette: Uint8Array | undefined;
  const images = new Map<string, string>();
  const keys = new Map<string, string>();
  for (const [i, sample] of samples.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ phase: "check the files", done: i, total: samples.length });
    const { key } = sample;
    const at = sample.image?.path ?? sample.labels?.path ?? key;
    if (!PLAIN_NAME.test(key)) report("name-odd", at, `the name "${key}"`);
    const other = keys.get(key);
    if (other !== undefined) report("stem-twice", at, `the same stem as ${other}`);
    else keys.set(key, at);
    if (sample.image !== undefined && sample.labels !== undefined) pairs++;
    const { image, labels } = await opened.read(sample);
    if (image !== undefined) checkTwice(image, at, images, report);
    if (labels === undefined || sample.labels === undefined) continue;
    const { path } = sample.labels;
    const counts = checkLabels(labels, classes, listed, (kind, what) => report(kind, path, what));
    // What is painted from annotations has 255 from here.
    if (labels.file !== undefined && isBinary(counts)) binary.push({ path, share: counts[IGNORE_LABEL] / sum(counts) });
    palette ??= labels.file?.png.palette;
    masks++;
    counts.forEach((n, id) => {
      total[id] += n;
    });
  }
  onProgress?.({ phase: "check the files", done: samples.length, total: samples.length });
  if (masks > 0 && classes !== undefined) checkTotals(total, classes, report);
  if (masks > 0 && classes === undefined) checkUnlisted(total, report);
  // Where classes.json says that 255 is ignored, a picture may hold nothing else but background.
  const meant = ({ share }: BinaryMask): boolean => !listed || binary.length === masks || share >= IGNORED_SHARE;
  if (classes?.length !== 1)
    for (const mask of binary.filter(meant)) report("binary-mask", mask.path, "only 0 and 255");
  // Without a sample every line of every list would be a fault.
  if (samples.length > 0) await checkLists(folder, new Set(keys.keys()), report);
  if (pairs === 0 && !faults.some(({ kind }) => FAULTS[kind].severity === "error"))
    report("no-pairs", ".", `no image with labels, read as ${opened.layout.name}`);
  return { pairs, masks, pixels: total, palette };
}

function checkTwice(bytes: Uint8Array, path: string, seen: Map<string, string>, report: ReportFault): void {
  const same = `${bytes.length} ${crc32(bytes)}`;
  const other = seen.get(same);
  if (other !== undefined) report("image-twice", path, `the same content as ${other}`);
  else seen.set(same, path);
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

interface BinaryMask {
  readonly path: string;
  /** Of 255, in [0, 1]. */
  readonly share: number;
}

/** A picture of which so much is ignored is more likely one of a class that was written as 255. */
const IGNORED_SHARE = 0.5;

/** Whether a mask of these pixels for each id holds nothing but 0 and 255. */
const isBinary = (counts: Float64Array): boolean =>
  counts[0] > 0 && counts[IGNORE_LABEL] > 0 && counts[0] + counts[IGNORE_LABEL] === sum(counts);

const sum = (counts: Float64Array): number => counts.reduce((a, b) => a + b, 0);

/** Ids that no list of classes explains: from 1, or with more gaps than ids. */
function checkUnlisted(total: Float64Array, report: ReportFault): void {
  const ids = [...total.keys()].filter((id) => total[id] > 0 && id !== IGNORE_LABEL);
  const most = ids.at(-1) ?? 0;
  const some = `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`;
  if (ids[0] === 1) report("ids-from-one", "classes.json", `id 0 never appears; the ids are ${some}`);
  else if (2 * ids.length <= most) report("id-gaps", "classes.json", `the ids are ${some}, up to ${most}`);
  else
    for (let id = 0; id < most; id++)
      if (total[id] === 0) report("class-empty", "classes.json", `no pixel of id ${id}`);
}

/** train.txt, val.txt, test.txt, a stem a line. */
async function checkLists(folder: DatasetFolder, keys: ReadonlySet<string>, report: ReportFault): Promise<void> {
  const lists = folder.paths.filter((path) => LIST.test(path) && !OTHER_LIST.test(path));
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
