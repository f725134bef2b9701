/** Layouts of an image file and a mask file that are told apart by their folders or names. */
import { type MaskStorage, readMask } from "./checkMask.ts";
import type { DatasetLayout } from "./format.ts";
import {
  baseName,
  byKey,
  type DatasetFolder,
  type FoundSample,
  folderOf,
  foundImage,
  IMAGE_FILE,
  type ReportFault,
  splitNamed,
  withoutExtension,
} from "./reading.ts";

/**
 * Reads a layout whose masks have the stems of their images: `images` and `masks` are tried on the path of a file's folder. `channels` is what
 * its masks have.
 */
export function pairLayout(
  images: RegExp,
  masks: RegExp,
  channels: 1 | 3 = 1,
): Pick<DatasetLayout, "recognise" | "read"> {
  const kindOf = (path: string): "image" | "mask" | undefined => {
    if (!IMAGE_FILE.test(path)) return undefined;
    const folder = folderOf(path);
    if (masks.test(folder)) return "mask";
    return images.test(folder) ? "image" : undefined;
  };
  return {
    recognise({ paths }) {
      const kinds = paths.map(kindOf);
      const count = (kind: string): number => kinds.filter((k) => k === kind).length;
      return Math.min(count("image"), count("mask")) > 0 ? count("image") + count("mask") : 0;
    },
    read: async (folder, _, report) =>
      pairsOf(folder, (path) => ({ kind: kindOf(path), key: withoutExtension(baseName(path)) }), { channels }, report),
  };
}

/** The samples of a folder whose files `partOf` calls images and masks of one key. */
export function pairsOf(
  folder: DatasetFolder,
  partOf: (path: string) => { readonly kind: "image" | "mask" | undefined; readonly key: string },
  storage: MaskStorage,
  report: ReportFault,
): FoundSample[] {
  const found = { image: new Map<string, string>(), mask: new Map<string, string>() };
  for (const path of folder.paths) {
    const { kind, key } = partOf(path);
    if (kind === undefined) continue;
    const other = found[kind].get(key);
    if (other !== undefined) report("stem-twice", path, `the same stem as ${other}`);
    else found[kind].set(key, path);
  }
  const keys = new Set([...found.image.keys(), ...found.mask.keys()]);
  return [...keys]
    .map((key) => pairSample(folder, key, found.image.get(key), found.mask.get(key), storage, report))
    .sort(byKey);
}

/** A sample of an image file and a mask file, one of which may be missing. */
export function pairSample(
  folder: DatasetFolder,
  key: string,
  image: string | undefined,
  mask: string | undefined,
  storage: MaskStorage,
  report: ReportFault,
): FoundSample {
  return {
    key,
    split: splitNamed(folderOf(image ?? (mask as string))),
    image: foundImage(folder, image),
    labels:
      mask === undefined
        ? undefined
        : {
            path: mask,
            read: async (size) =>
              readMask(await folder.read(mask), storage, size, (kind, what) => report(kind, mask, what)),
          },
  };
}
