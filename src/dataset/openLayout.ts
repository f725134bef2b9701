/** A folder as its layout has it: the one way in which datasets are read, by `check` and by `export`. */

import { isPicture } from "../text/pictureNames.ts";
import { readClasses } from "./classList.ts";
import type { DatasetLayout } from "./format.ts";
import type { DatasetClass, ImageSize } from "./labelMap.ts";
import { type DatasetFolder, type FoundLabels, type FoundSample, type ReportFault, subfolder } from "./reading.ts";

/** What an image library says of an image. */
export interface ImageFacts extends ImageSize {
  readonly hasAlpha: boolean;
  /** EXIF orientation; 1 is upright. */
  readonly orientation: number;
}

/** Decodes a whole image; rejects when it cannot. */
export type ProbeImage = (bytes: Uint8Array) => Promise<ImageFacts>;

/** A sample with its files read; undefined is what is missing or cannot be read, which was reported. */
export interface ReadSample {
  readonly image: Uint8Array | undefined;
  readonly labels: FoundLabels | undefined;
}

export interface OpenedLayout {
  readonly layout: DatasetLayout;
  /** The folder that has the layout, without files that no layout has; it may lie below the one that was opened. */
  readonly folder: DatasetFolder;
  readonly classes: readonly DatasetClass[] | undefined;
  readonly samples: readonly FoundSample[];
  /** Reads one sample. All that is wrong with its files is reported. */
  read(sample: FoundSample): Promise<ReadSample>;
  /** Reports a fault of the folder that has the layout. */
  readonly report: ReportFault;
}

/** Files that systems and editors leave behind. */
const STRAY = /(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini|__MACOSX\/.*|[^/]*\.(tmp|partial|part|bak|orig))$|~$/i;
/** Folders that are looked into for a layout, where the one given has none. */
const MOST_ROOTS = 64;
const DEEPEST_ROOT = 2;

/**
 * Opens a folder in one of the `layouts`: the one that takes most of its files, or those of a folder within it. Faults have paths in the folder that
 * was given. Throws RangeError when none takes any and there are several to choose from.
 */
export async function openLayout(
  given: DatasetFolder,
  layouts: readonly DatasetLayout[],
  probe: ProbeImage,
  reportGiven: ReportFault,
): Promise<OpenedLayout> {
  const paths = given.paths.filter((path) => !STRAY.test(path));
  const { layout, root, others } = await findLayout({ ...given, paths }, layouts);
  const report: ReportFault = (kind, path, found) => reportGiven(kind, root === "" ? path : `${root}/${path}`, found);
  for (const path of given.paths) if (STRAY.test(path)) reportGiven("stray-file", path, "no part of the layout");
  for (const other of others) reportGiven("folder-left-out", other, `another set of the layout ${layout.name}`);
  const folder = subfolder({ ...given, paths }, root);
  const classes = await readClasses(folder, layout, report);
  const samples = eachImageOnce(await layout.read(folder, classes, report), report);
  return {
    layout,
    folder,
    classes,
    samples,
    report,
    async read({ key, image, labels }) {
      const at = image?.path ?? labels?.path ?? key;
      if (labels === undefined) report("image-without-mask", at, `no mask "${key}"`);
      if (image === undefined) report("mask-without-image", at, `no image "${key}"`);
      const bytes = await image?.read();
      const facts = image && bytes && (await imageFacts(bytes, image.path, probe, report));
      return { image: facts && bytes, labels: await labels?.read(facts) };
    },
  };
}

/** Annotations may name one image any number of times; it is read and labelled once. */
function eachImageOnce(samples: readonly FoundSample[], report: ReportFault): FoundSample[] {
  const seen = new Set<string>();
  return samples.filter(({ key, image }) => {
    if (image === undefined) return true;
    if (seen.has(image.path)) report("stem-twice", image.path, `another sample "${key}" of this image`);
    return seen.size < seen.add(image.path).size;
  });
}

async function imageFacts(
  bytes: Uint8Array,
  path: string,
  probe: ProbeImage,
  report: ReportFault,
): Promise<ImageFacts | undefined> {
  if (bytes.length === 0) {
    report("empty-file", path, "0 bytes");
    return undefined;
  }
  try {
    const facts = await probe(bytes);
    if (facts.orientation > 1) report("image-rotated", path, `EXIF orientation ${facts.orientation}`);
    if (facts.hasAlpha) report("image-alpha", path, "an alpha channel");
    return facts;
  } catch (error) {
    report("image-damaged", path, error instanceof Error ? error.message.split("\n")[0] : String(error));
    return undefined;
  }
}

/** The layout that takes most of the files. Throws RangeError when none takes any. */
export async function detectFormat<L extends DatasetLayout>(folder: DatasetFolder, layouts: readonly L[]): Promise<L> {
  const best = await bestLayout(folder, layouts);
  if (best !== undefined) return best.layout;
  const alone = folder.paths.filter(isPicture).length;
  const photos =
    alone === 0
      ? ""
      : ` (pictures without: ${alone}; \`klish segment\` makes masks by a trained segmenter, \`klish auto\` from photos alone)`;
  throw new RangeError(
    `no images with masks or annotations were found${photos}; the layouts that are known: ${layouts.map((f) => f.name).join(", ")}`,
  );
}

async function bestLayout<L extends DatasetLayout>(
  folder: DatasetFolder,
  layouts: readonly L[],
): Promise<{ layout: L; taken: number } | undefined> {
  let best: { layout: L; taken: number } | undefined;
  for (const layout of layouts) {
    const taken = await layout.recognise(folder);
    if (taken > (best?.taken ?? 0)) best = { layout, taken };
  }
  return best;
}

/** The layout of a folder, or of the folder within it that has most files of one; others that have it too are named. */
async function findLayout(
  folder: DatasetFolder,
  layouts: readonly DatasetLayout[],
): Promise<{ layout: DatasetLayout; root: string; others: readonly string[] }> {
  const here = await bestLayout(folder, layouts);
  if (here !== undefined) return { layout: here.layout, root: "", others: [] };
  for (let depth = 1; depth <= DEEPEST_ROOT; depth++) {
    const roots = [
      ...new Set(
        folder.paths
          .map((path) => path.split("/", depth + 1))
          .flatMap((parts) => (parts.length > depth ? [parts.slice(0, depth).join("/")] : [])),
      ),
    ];
    const found: { root: string; layout: DatasetLayout; taken: number }[] = [];
    for (const root of roots.slice(0, MOST_ROOTS)) {
      const best = await bestLayout(subfolder(folder, root), layouts);
      if (best !== undefined) found.push({ root, ...best });
    }
    const [best, ...rest] = found.sort((a, b) => b.taken - a.taken || (a.root < b.root ? -1 : 1));
    if (best !== undefined) return { ...best, others: rest.filter((f) => f.layout === best.layout).map((f) => f.root) };
  }
  // A layout that was asked for is read as it is, and found to be empty.
  return { layout: layouts.length === 1 ? layouts[0] : await detectFormat(folder, layouts), root: "", others: [] };
}
