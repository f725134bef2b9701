/** WebDataset: tar shards in which files of one sample share a stem. */
import { readMask } from "../checkMask.ts";
import { classesJson, type DatasetFormat } from "../format.ts";
import { joinBytes } from "../png.ts";
import { baseName, type DatasetFolder, type FoundSample, type ReportFault, splitNamed } from "../reading.ts";
import type { Split } from "../split.ts";
import { TarError, type TarFile, tarEnd, tarEntry, tarFiles } from "../tar.ts";

/** Samples of a shard: some ten to a hundred megabytes, as the format's authors advise. */
const SHARD_SAMPLES = 1000;

export const webDataset: DatasetFormat = {
  name: "webdataset",
  title: "WebDataset tar shards",
  load: {
    language: "python",
    code: `from pathlib import Path; import webdataset as wds
shards = sorted(map(str, Path({path}).glob("train-*.tar")))
data = wds.WebDataset(shards).decode("pil").to_tuple("{ext}", "seg.png")
image, mask = next(iter(data))`,
  },
  writer({ classes, imageExtension }, sink) {
    const written = new Map<Split, number>();
    const shard = (split: Split, index: number): string => `${split}-${String(index).padStart(6, "0")}.tar`;
    return {
      async add({ name, split, image, mask }) {
        const count = written.get(split) ?? 0;
        const current = Math.floor(count / SHARD_SAMPLES);
        if (count > 0 && count % SHARD_SAMPLES === 0) await sink.append(shard(split, current - 1), tarEnd());
        written.set(split, count + 1);
        const about = new TextEncoder().encode(JSON.stringify({ name, split }));
        const entries = [
          tarEntry(`${name}.${imageExtension}`, image),
          tarEntry(`${name}.json`, about),
          tarEntry(`${name}.seg.png`, mask),
        ];
        await sink.append(shard(split, current), joinBytes(entries));
      },
      async finish() {
        for (const [split, count] of written)
          await sink.append(shard(split, Math.floor((count - 1) / SHARD_SAMPLES)), tarEnd());
        await sink.file("classes.json", classesJson(classes));
      },
    };
  },

  recognise: ({ paths }) => paths.filter((path) => path.endsWith(".tar")).length,

  async read(folder, _, report) {
    const samples: FoundSample[] = [];
    for (const path of folder.paths.filter((p) => p.endsWith(".tar")))
      try {
        for (const [key, parts] of grouped(await tarFiles(folder, path)))
          samples.push(shardSample(folder, path, key, parts, report));
      } catch (error) {
        if (!(error instanceof TarError)) throw error;
        report("annotation-damaged", path, error.message);
      }
    return samples.sort((a, b) => (a.key < b.key ? -1 : 1));
  },
};

/** Files by what stands before the first dot of their name; extensions in lower case. */
function grouped(files: readonly TarFile[]): ReadonlyMap<string, ReadonlyMap<string, TarFile>> {
  const groups = new Map<string, Map<string, TarFile>>();
  for (const file of files) {
    const dot = file.name.indexOf(".", file.name.lastIndexOf("/") + 1);
    if (dot < 0) continue;
    const key = file.name.slice(0, dot);
    const group = groups.get(key) ?? new Map<string, TarFile>();
    groups.set(key, group.set(file.name.slice(dot + 1).toLowerCase(), file));
  }
  return groups;
}

/** Masks as they are called, the most telling first; a PNG beside an image of another kind is one too. */
const MASKS = ["seg.png", "mask.png", "label.png"];
const IMAGES = ["jpg", "jpeg", "webp", "png"];

function shardSample(
  folder: DatasetFolder,
  path: string,
  key: string,
  parts: ReadonlyMap<string, TarFile>,
  report: ReportFault,
): FoundSample {
  const image = IMAGES.map((extension) => parts.get(extension)).find((file) => file !== undefined);
  const png = parts.get("png");
  const mask =
    MASKS.map((name) => parts.get(name)).find((file) => file !== undefined) ?? (png === image ? undefined : png);
  const content = ({ start, size }: TarFile): Promise<Uint8Array> => folder.read(path, start, start + size);
  const at = (file: TarFile): string => `${path}: ${file.name}`;
  return {
    key: baseName(key),
    split: splitNamed(baseName(path)),
    image: image && { path: at(image), read: () => content(image) },
    labels: mask && {
      path: at(mask),
      read: async (real) =>
        readMask(await content(mask), { channels: 1 }, real, (kind, found) => report(kind, at(mask), found)),
    },
  };
}
