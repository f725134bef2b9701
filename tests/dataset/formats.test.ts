import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Sample } from "../../src/dataset/format.ts";
import { formatNamed, formats } from "../../src/dataset/formats/index.ts";
import { datasetFormatContract } from "../contracts/datasetFormat.ts";
import { classes, folderSink, info, someSamples } from "./samples.ts";

for (const format of formats) datasetFormatContract(format);

it("formatNamed() lists the formats when it knows none of that name", () => {
  expect(() => formatNamed("yolo")).toThrow('no dataset format is called "yolo"; there are folders, voc, coco');
});

/** A Python with Pillow: the one on the path, or the system's. */
const interpreter = [process.env["PYTHON"] ?? "python3", "/usr/bin/python3"].find((command) => {
  try {
    execFileSync(command, ["-c", "import PIL, numpy"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
});
if (interpreter === undefined)
  console.warn("python3 with Pillow and NumPy is not there: formats are not read back by other people's readers");
const python = (...args: string[]): string =>
  execFileSync(interpreter as string, args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 2 ** 26,
  });
interface ReadBack {
  readonly masks: Record<string, string>;
  readonly names: Record<string, string>;
}

describe.skipIf(interpreter === undefined)("Pillow, scikit-image, tarfile, COCO and XML readers", () => {
  let folder: string;
  let samples: Sample[];
  let found: Record<string, ReadBack>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-formats-"));
    samples = await someSamples();
    for (const format of formats) {
      const writer = format.writer(info, folderSink(join(folder, format.name)));
      for (const sample of samples) await writer.add(sample);
      await writer.finish();
    }
    const { "coco reader": reader, ...read } = JSON.parse(python(join(import.meta.dirname, "readBack.py"), folder));
    if (reader !== "pycocotools") console.warn(`pycocotools is not there: COCO's run lengths are read by ${reader}`);
    found = read;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(formats.map((f) => f.name))("read %s back pixel for pixel", (name) => {
    const read = found[name];
    const expected = samples.map(({ name: stem, labels }, i) => [
      name === "authors" ? String(i).padStart(7, "0") : stem,
      Buffer.from(labels.data).toString("base64"),
    ]);
    expect(read.masks).toEqual(Object.fromEntries(expected));
  });

  it.each(["voc", "coco", "mmseg", "cvat", "labelstudio"])("read names and colours from %s's own files", (name) => {
    const read = found[name];
    expect(read.names).toEqual(Object.fromEntries(classes.map((c) => [c.name, c.color])));
  });
});
