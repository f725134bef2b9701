/** Images and masks in one folder, told apart by the end of their names: x.jpg and x_mask.png. */
import type { DatasetLayout } from "../format.ts";
import { pairsOf } from "../pairs.ts";
import { baseName, byKey, IMAGE_FILE, withoutExtension } from "../reading.ts";

const MASK = /[_.-](mask|masks|label|labels|labelids|seg|segmentation|annotation|gt|groundtruth)$/i;

/** The masks that have an image, by the path without extension that both share. */
function maskedStems(paths: readonly string[]): ReadonlySet<string> {
  const images = new Set(paths.filter((p) => IMAGE_FILE.test(p)).map(withoutExtension));
  const stems = [...images].flatMap((p) => (MASK.test(p) ? [p.replace(MASK, "")] : []));
  return new Set(stems.filter((stem) => images.has(stem)));
}

export const suffixPairs: DatasetLayout = {
  name: "suffix",
  title: "x.jpg beside x_mask.png",
  recognise: ({ paths }) => 2 * maskedStems(paths).size,
  async read(folder, _, report) {
    const stems = maskedStems(folder.paths);
    const folders = new Set([...stems].map((stem) => stem.slice(0, stem.lastIndexOf("/") + 1)));
    const samples = pairsOf(
      folder,
      (path) => {
        const stem = withoutExtension(path);
        if (!IMAGE_FILE.test(path) || !folders.has(path.slice(0, path.lastIndexOf("/") + 1)))
          return { kind: undefined, key: stem };
        return MASK.test(stem) ? { kind: "mask", key: stem.replace(MASK, "") } : { kind: "image", key: stem };
      },
      { channels: 1 },
      report,
    );
    return samples.map((sample) => ({ ...sample, key: baseName(sample.key) })).sort(byKey);
  },
};
