/** WebDataset: tar shards in which files of one sample share a stem. */
import { classesJson, type DatasetFormat } from "../format.ts";
import { joinBytes } from "../png.ts";
import type { Split } from "../split.ts";
import { tarEnd, tarEntry } from "../tar.ts";

/** Samples of a shard: some ten to a hundred megabytes, as the format's authors advise. */
const SHARD_SAMPLES = 1000;

export const webDataset: DatasetFormat = {
  name: "webdataset",
  title: "WebDataset tar shards",
  load: {
    language: "python",
    code: `import glob, webdataset as wds
data = wds.WebDataset(sorted(glob.glob("{path}/train-*.tar"))).decode("pil").to_tuple("{ext}", "seg.png")
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
};
