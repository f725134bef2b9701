import { type DatasetClass, IGNORE_LABEL } from "../../dataset/labelMap.ts";
import { hash32, SPLITS, type Split } from "../../dataset/split.ts";
import { ProjectError } from "../storage/files.ts";
import { type LabelledEntry, type ManifestEntry, manifestLines } from "./manifest.ts";
import type { DatasetFile } from "./settings.ts";

/** What a dataset holds, gathered in one pass over its manifest. */
export interface DatasetStatistics {
  readonly sets: readonly LabelStatistics[];
  readonly random: readonly ManifestEntry[];
  readonly kept: number;
  readonly rejected: number;
  readonly bytes: number;
  readonly splits: ReadonlyMap<Split, number>;
  /** How often each reason of the quality filter was given, without its numbers. */
  readonly reasons: ReadonlyMap<string, number>;
  readonly cleaned: Cleaned;
}

/** What was left out beside what the quality filter did; null where that was not asked for. */
export interface Cleaned {
  /** Images that the discriminator finds too poor. */
  readonly implausible: number | null;
  /** The share of the kept images' pixels of which another clustering says another class. */
  readonly contested: number | null;
}

/** What one label set holds. */
export interface LabelStatistics {
  /** Share of all pixels and number of images, by class id; the entry after the last class is "ignored". */
  readonly pixelShare: readonly number[];
  readonly images: readonly number[];
  /** [classes * classes]: images in which both appear. */
  readonly together: Float64Array;
  /** With the smallest foreground, and with the largest share of uncertain pixels. */
  readonly smallest: readonly ManifestEntry[];
  readonly mostUncertain: readonly ManifestEntry[];
}

export interface ShownCounts {
  readonly random: number;
  readonly extreme: number;
}

/** Memory does not grow with the number of samples. */
export async function datasetStatistics(
  folder: string,
  { settings, classes }: DatasetFile,
  shown: ShownCounts,
): Promise<DatasetStatistics> {
  const sets = classes.map((list, set) => labelStatistics(set, list, shown.extreme));
  const splits = new Map<Split, number>();
  const reasons = new Map<string, number>();
  let kept = 0;
  let rejected = 0;
  let bytes = 0;
  let contested = 0;
  // Drawn by the hash of the name, so that the page of the same dataset shows the same.
  const random = leading(shown.random, (e) => hash32(`shown ${e.name}`));
  for await (const { entry } of manifestLines(folder, settings)) {
    if (entry.rejected !== undefined) {
      rejected++;
      for (const reason of entry.rejected) {
        const kind = reason.replace(/ -?[\d.]+ [<>].*/, "");
        reasons.set(kind, (reasons.get(kind) ?? 0) + 1);
      }
      continue;
    }
    kept++;
    contested += entry.labels[0].contested ?? 0;
    bytes += [entry.image, ...entry.labels.map((l) => l.mask)].reduce((sum, file) => sum + (file?.bytes ?? 0), 0);
    splits.set(entry.split, (splits.get(entry.split) ?? 0) + 1);
    for (const [set, { pixels }] of entry.labels.entries()) {
      const foreign = pixels.find(([id]) => id >= classes[set].length && id !== IGNORE_LABEL);
      if (foreign !== undefined)
        throw new ProjectError(
          `${folder}: the manifest has pixels of class ${foreign[0]} in ${entry.name}; there are ${classes[set].length} classes.`,
        );
    }
    for (const set of sets) set.add(entry);
    random.offer(entry);
  }
  return {
    kept,
    rejected,
    bytes,
    splits: new Map(SPLITS.flatMap((s) => (splits.has(s) ? [[s, splits.get(s)!]] : []))),
    reasons,
    cleaned: {
      implausible: settings.plausibility === undefined ? null : (reasons.get("implausible") ?? 0),
      contested: settings.agreement === undefined || kept === 0 ? null : contested / kept,
    },
    sets: sets.map((set) => set.result()),
    random: random.list(),
  };
}

/** Pixels that are neither background nor ignored. */
export const foregroundPixels = ({ pixels }: LabelledEntry, classes: readonly DatasetClass[]): number =>
  pixels.reduce((sum, [id, count]) => sum + (id !== IGNORE_LABEL && !classes[id].background ? count : 0), 0);

function labelStatistics(
  set: number,
  classes: readonly DatasetClass[],
  shown: number,
): { add(entry: ManifestEntry): void; result(): LabelStatistics } {
  const n = classes.length;
  const pixels = new Float64Array(n + 1);
  const images = new Float64Array(n + 1);
  const together = new Float64Array(n * n);
  const smallest = leading(shown, ({ labels }) => foregroundPixels(labels[set], classes));
  const mostUncertain = leading(shown, ({ labels }) => -labels[set].uncertain);
  return {
    add(entry) {
      const present = entry.labels[set].pixels;
      for (const [id, count] of present) {
        const at = id === IGNORE_LABEL ? n : id;
        pixels[at] += count;
        images[at]++;
        if (at < n) for (const [other] of present) if (other !== IGNORE_LABEL) together[at * n + other]++;
      }
      for (const list of [smallest, mostUncertain]) list.offer(entry);
    },
    result() {
      const total = pixels.reduce((a, b) => a + b, 0);
      return {
        pixelShare: Array.from(pixels, (p) => (total > 0 ? p / total : 0)),
        images: Array.from(images),
        together,
        smallest: smallest.list(),
        mostUncertain: mostUncertain.list(),
      };
    },
  };
}

/** Keeps the `count` entries of the smallest `key`. */
function leading(
  count: number,
  key: (entry: ManifestEntry) => number,
): { offer(entry: ManifestEntry): void; list(): ManifestEntry[] } {
  const kept: { entry: ManifestEntry; key: number }[] = [];
  return {
    offer(entry) {
      const k = key(entry);
      if (kept.length === count && k >= kept[count - 1].key) return;
      const at = kept.findIndex((other) => k < other.key);
      kept.splice(at < 0 ? kept.length : at, 0, { entry, key: k });
      kept.length = Math.min(kept.length, count);
    },
    list: () => kept.map(({ entry }) => entry),
  };
}
