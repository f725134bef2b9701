import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { DatasetFormat, DatasetSink } from "../../src/dataset/format.ts";
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

    it.runIf(format.classify)("tells images from masks", async () => {
      const found = [...(await writtenBy(format)).keys()].flatMap((path) => format.classify?.(path) ?? []);
      const keys = (kind: string): string[] =>
        found
          .filter((f) => f.kind === kind)
          .map((f) => f.key)
          .sort();
      expect(keys("image")).toHaveLength(5);
      expect(keys("mask")).toEqual(keys("image"));
    });

    it("says how it is loaded, with the folder's place in it", () => {
      expect(format.load.code).toContain("{path}");
    });
  });
}
