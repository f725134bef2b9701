import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { numberedColor } from "../../src/dataset/classList.ts";
import type { DatasetFormat, DatasetSink } from "../../src/dataset/format.ts";
import { layouts } from "../../src/dataset/formats/index.ts";
import type { DatasetFolder } from "../../src/dataset/reading.ts";
import { classes, info, someSamples } from "../dataset/samples.ts";

/** Everything a writer writes, by path. */
export async function writtenBy(format: DatasetFormat, count = 5): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const bytes = (content: Uint8Array | string): Uint8Array =>
    typeof content === "string" ? new TextEncoder().encode(content) : content;
  const create = (path: string, content: Uint8Array | string): void => {
    if (files.has(path)) throw new Error(`${path} is written twice`);
    files.set(path, bytes(content));
  };
  const sink: DatasetSink = {
    file: async (path, content) => create(path, content),
    append: async (path, content) => {
      files.set(path, Buffer.concat([files.get(path) ?? new Uint8Array(), bytes(content)]));
    },
    original: async (path, sample, part) => create(path, sample[part]),
  };
  const writer = format.writer({ ...info, samples: count }, sink);
  for (const sample of await someSamples(count)) await writer.add(sample);
  await writer.finish();
  return files;
}

/** Written files as a reader sees a folder. */
export function memoryFolder(files: ReadonlyMap<string, Uint8Array>): DatasetFolder {
  const at = (path: string): Uint8Array => files.get(path) as Uint8Array;
  return {
    paths: [...files.keys()].sort(),
    size: async (path) => at(path).length,
    read: async (path, start, end) => Uint8Array.from(at(path).subarray(start, end)),
  };
}

/** Of `someSamples`. */
const SIZE = { width: 13, height: 9 };

/** What every format promises. */
export function datasetFormatContract(format: DatasetFormat): void {
  describe(`${format.name} as a dataset format`, () => {
    it("writes the same bytes twice, under relative paths", async () => {
      const hash = (files: Map<string, Uint8Array>): string[] =>
        [...files].map(([path, content]) => `${path} ${createHash("sha256").update(content).digest("hex")}`);
      const files = await writtenBy(format);
      expect(hash(await writtenBy(format))).toEqual(hash(files));
      for (const path of files.keys()) expect(path).toMatch(/^[\w-][\w./-]*$/);
    });

    it("holds every image as it is", async () => {
      const files = [...(await writtenBy(format)).values()].map((content) => Buffer.from(content));
      for (const { image } of await someSamples())
        expect(files.some((content) => content.includes(Buffer.from(image)))).toBe(true);
    });

    it("lists ids, names and colours of all classes", async () => {
      const listed = JSON.parse(Buffer.from((await writtenBy(format)).get("classes.json")!).toString());
      expect(listed).toEqual({ ignore: 255, classes: classes.map((c, id) => ({ id, ...c })) });
    });

    it("writes a readable set of no samples", async () => {
      const files = await writtenBy(format, 0);
      for (const [path, content] of files)
        if (path.endsWith(".json")) expect(() => JSON.parse(Buffer.from(content).toString()), path).not.toThrow();
    });

    /** What a reader makes of what the writer wrote. */
    const readBack = async (files: Map<string, Uint8Array>): Promise<{ faults: unknown[]; samples: unknown[] }> => {
      const folder = memoryFolder(files);
      const faults: unknown[] = [];
      const report = (...fault: unknown[]): void => void faults.push(fault);
      const list = files.has("classes.json") ? classes : await format.classes?.(folder, report);
      const samples = await format.read(folder, list, report);
      const read = samples.map(async ({ key, split, image, labels }) => ({
        key,
        split,
        image: Buffer.from((await image?.read()) ?? []),
        labels: (await labels?.read(SIZE))?.map,
      }));
      return { faults, samples: await Promise.all(read) };
    };
    const written = async (): Promise<unknown[]> =>
      (await someSamples()).map(({ name, split, image, labels }, i) => ({
        // The authors' layout numbers its samples; some layouts leave splits to lists, or to chance.
        key: format.name === "authors" ? String(i).padStart(7, "0") : name,
        split: ["folders", "voc", "authors"].includes(format.name) ? undefined : split,
        image: Buffer.from(image),
        labels,
      }));

    it("reads back every image, every label and the splits, and knows its own folder", async () => {
      const files = await writtenBy(format);
      expect(await readBack(files)).toEqual({ faults: [], samples: await written() });
      for (const other of layouts)
        expect((await other.recognise(memoryFolder(files))) > 0, other.name).toBe(other.name === format.name);
    });

    it("reads classes from its own files where it has any, and the same labels by them", async () => {
      const files = await writtenBy(format);
      files.delete("classes.json");
      const own = await format.classes?.(memoryFolder(files), () => undefined);
      if (["folders", "webdataset", "spade", "authors"].includes(format.name)) return expect(own).toBeUndefined();
      const colors = format.name !== "huggingface";
      expect(own).toEqual(classes.map((c, id) => ({ ...c, color: colors ? c.color : numberedColor(id) })));
      expect(await readBack(files)).toEqual({ faults: [], samples: await written() });
    });

    it("reads a set of no samples as such", async () => {
      const files = await writtenBy(format, 0);
      expect(await readBack(files)).toEqual({ faults: [], samples: [] });
    });

    it("says how it is loaded, with the folder's place in it", () => {
      expect(format.load.code).toContain("{path}");
    });
  });
}
