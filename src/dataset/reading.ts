/** How datasets are read: a folder, what a layout finds in it, and where faults are reported. */
import type { FaultKind } from "./faults.ts";
import type { ImageSize, LabelMap } from "./labelMap.ts";
import type { Png } from "./png.ts";
import type { Split } from "./split.ts";

/** A folder as readers see it. */
export interface DatasetFolder {
  /** Of all files below it: relative, with "/", sorted. */
  readonly paths: readonly string[];
  size(path: string): Promise<number>;
  /** Bytes from `start` (default 0) up to `end` (default the file's end). */
  read(path: string, start?: number, end?: number): Promise<Uint8Array>;
}

/** Takes a fault: its kind, the file, and what was found there. */
export type ReportFault = (kind: FaultKind, path: string, found: string) => void;

/** Labels of a sample as a layout holds them. */
export interface FoundLabels {
  readonly map: LabelMap;
  /** Where they are a PNG: its bytes and what is in them. */
  readonly file?: { readonly bytes: Uint8Array; readonly png: Png };
}

/** A sample as a layout holds it; an image or labels that are missing are undefined. */
export interface FoundSample {
  /** What image and labels share: a stem, or a path without extension. */
  readonly key: string;
  /** Where the layout tells. */
  readonly split: Split | undefined;
  readonly image: { readonly path: string; read(): Promise<Uint8Array> } | undefined;
  readonly labels:
    | {
        readonly path: string;
        /**
         * The labels of an image of this size. Undefined, with a report, where they cannot be read or have another size; and where annotations
         * tell nothing without their image, which is undefined when it is missing or damaged.
         */
        read(image: ImageSize | undefined): Promise<FoundLabels | undefined>;
      }
    | undefined;
}

export const IMAGE_FILE = /\.(png|jpe?g|webp)$/i;

/** The last part of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** A path without the extension of its last part. */
export const withoutExtension = (path: string): string => path.replace(/\.[^./]+$/, "");

/** The split that a folder's or file's name says, as layouts call them. */
export function splitNamed(name: string): Split | undefined {
  const found = /(?:^|[^a-z])(train|val|test)(?:ing|id|idation)?(?:[^a-z]|$)/i.exec(name)?.[1];
  return found?.toLowerCase() as Split | undefined;
}

/**
 * Whether labels that claim a size fit the real image: to be asked before anything of that size is allocated. False, with a report, where
 * they do not; false without one where there is no image, which is a fault of its own.
 */
export function plausibleSize(
  claimed: ImageSize,
  image: ImageSize | undefined,
  report: (kind: "size-mismatch", found: string) => void,
): image is ImageSize {
  if (image === undefined) return false;
  if (claimed.width === image.width && claimed.height === image.height) return true;
  report("size-mismatch", `${claimed.width}x${claimed.height}; the image has ${image.width}x${image.height}`);
  return false;
}

/** A whole file as text. */
export const readText = async (folder: DatasetFolder, path: string): Promise<string> =>
  new TextDecoder().decode(await folder.read(path));

/** A JSON file; undefined, with a report, where it is damaged. */
export async function readJson(folder: DatasetFolder, path: string, report: ReportFault): Promise<unknown> {
  try {
    return JSON.parse(await readText(folder, path));
  } catch (error) {
    report("annotation-damaged", path, `no JSON (${error instanceof Error ? error.message : String(error)})`);
    return undefined;
  }
}

/** The folder at `root` of a folder; paths begin below it. */
export function subfolder(folder: DatasetFolder, root: string): DatasetFolder {
  if (root === "") return folder;
  const prefix = `${root}/`;
  return {
    paths: folder.paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length)),
    size: (path) => folder.size(prefix + path),
    read: (path, start, end) => folder.read(prefix + path, start, end),
  };
}

/** The folder of a path; "" at the top. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** The path of `name` below `folder`; annotations from Windows have backslashes. */
export const inFolder = (folder: string, name: string): string => {
  const path = name.replaceAll("\\", "/").replace(/^(\.?\/)+/, "");
  return folder === "" ? path : `${folder}/${path}`;
};

/** Images by what annotations call them: a path, the end of one, or a file name that only one has. */
export function imageFinder(paths: readonly string[]): (name: string) => string | undefined {
  const images = paths.filter((path) => IMAGE_FILE.test(path));
  const whole = new Set(images);
  const byName = new Map<string, string[]>();
  for (const path of images) {
    const list = byName.get(baseName(path));
    if (list === undefined) byName.set(baseName(path), [path]);
    else list.push(path);
  }
  return (written) => {
    const name = inFolder("", written);
    if (whole.has(name)) return name;
    const same = byName.get(baseName(name)) ?? [];
    const ending = same.filter((path) => path.endsWith(`/${name}`));
    if (ending.length === 1) return ending[0];
    return same.length === 1 ? same[0] : undefined;
  };
}

/** An image file of a sample; undefined where annotations name one that is not there. */
export const foundImage = (folder: DatasetFolder, path: string | undefined): FoundSample["image"] =>
  path === undefined ? undefined : { path, read: () => folder.read(path) };

export const byKey = (a: FoundSample, b: FoundSample): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);
