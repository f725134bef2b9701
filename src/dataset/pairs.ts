/** Layouts of an image file and a mask file of the same stem, in folders that tell them apart. */
import { readMask } from "./checkMask.ts";
import type { DatasetFormat } from "./format.ts";
import { baseName, type FoundSample, IMAGE_FILE, splitNamed, withoutExtension } from "./reading.ts";

/**
 * Reads such a layout: `images` and `masks` are tried on the path of a file's folder. `channels` is what its masks have.
 */
export function pairLayout(
  images: RegExp,
  masks: RegExp,
  channels: 1 | 3 = 1,
): Pick<DatasetFormat, "recognise" | "read"> {
  const kindOf = (path: string): "image" | "mask" | undefined => {
    if (!IMAGE_FILE.test(path)) return undefined;
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (masks.test(folder)) return "mask";
    return images.test(folder) ? "image" : undefined;
  };
  return {
    recognise(paths) {
      const kinds = paths.map(kindOf);
      const count = (kind: string): number => kinds.filter((k) => k === kind).length;
      return Math.min(count("image"), count("mask")) > 0 ? count("image") + count("mask") : 0;
    },
    async read(folder, _, report) {
      const found = { image: new Map<string, string>(), mask: new Map<string, string>() };
      for (const path of folder.paths) {
        const kind = kindOf(path);
        if (kind === undefined) continue;
        const key = withoutExtension(baseName(path));
        const other = found[kind].get(key);
        if (other !== undefined) report("stem-twice", path, `the same stem as ${other}`);
        else found[kind].set(key, path);
      }
      const keys = [...new Set([...found.image.keys(), ...found.mask.keys()])].sort();
      return keys.map((key): FoundSample => {
        const [image, mask] = [found.image.get(key), found.mask.get(key)];
        return {
          key,
          split: splitNamed((image ?? (mask as string)).slice(0, -key.length)),
          image: image === undefined ? undefined : { path: image, read: () => folder.read(image) },
          labels:
            mask === undefined
              ? undefined
              : {
                  path: mask,
                  read: async () =>
                    readMask(await folder.read(mask), channels, (kind, what) => report(kind, mask, what)),
                },
        };
      });
    },
  };
}
