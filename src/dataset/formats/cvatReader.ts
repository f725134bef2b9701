/** CVAT for images 1.1 as label maps. The XML is gone through once for where each image's part lies; parts are read one at a time. */
import { type ListedClass, listedClasses } from "../classList.ts";
import type { DatasetFormat } from "../format.ts";
import type { DatasetClass } from "../labelMap.ts";
import { areaPainter } from "../painter.ts";
import { polygonPixels } from "../polygon.ts";
import {
  baseName,
  type DatasetFolder,
  type FoundLabels,
  type FoundSample,
  IMAGE_FILE,
  imageFinder,
  type ReportFault,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { runPositions } from "../rle.ts";
import { attributesOf, fromXml, openingTags } from "../xml.ts";

const FILE = "annotations.xml";
/** Bytes that are looked through at a time. */
const PIECE = 2 ** 22;

export const cvatReader: Pick<DatasetFormat, "recognise" | "classes" | "read"> = {
  recognise: (paths) => (paths.includes(FILE) ? 1 + paths.filter((p) => IMAGE_FILE.test(p)).length : 0),

  async classes(folder, report) {
    const { head } = await imageParts(folder);
    const listed = [...head.matchAll(/<label>(.*?)<\/label>/gs)].map(([, label]): ListedClass => {
      const color = /<color>\s*(#[\da-f]{6})\s*<\/color>/i.exec(label)?.[1];
      const name = fromXml(/<name>(.*?)<\/name>/s.exec(label)?.[1] ?? "");
      return { name, ...(color === undefined ? {} : { color }) };
    });
    return listed.length === 0 ? undefined : listedClasses(listed, FILE, report);
  },

  async read(folder, classes, report) {
    const find = imageFinder(folder.paths);
    const { parts, cut } = await imageParts(folder);
    if (cut) report("annotation-damaged", FILE, "it is cut short: </annotations> is missing");
    const samples = parts.map(({ tag, start, end }): FoundSample => {
      const attributes = attributesOf(tag);
      const name = attributes.get("name") ?? "";
      const image = find(name);
      const source = `${FILE}: ${name}`;
      return {
        key: withoutExtension(baseName(name)),
        split: splitNamed(attributes.get("subset") ?? ""),
        image: image === undefined ? undefined : { path: image, read: () => folder.read(image) },
        labels: {
          path: source,
          async read() {
            if (classes === undefined) return undefined;
            const part = new TextDecoder().decode(await folder.read(FILE, start, end));
            return paintShapes(part.slice(tag.length), attributes, classes, (kind, what) => report(kind, source, what));
          },
        },
      };
    });
    return samples.sort((a, b) => (a.key < b.key ? -1 : 1));
  },
};

interface ImagePart {
  /** The opening tag; the element lies from `start` to `end` (bytes). */
  readonly tag: string;
  readonly start: number;
  readonly end: number;
}

/** Where each <image> lies, and what stands before the first. */
async function imageParts(folder: DatasetFolder): Promise<{ head: string; parts: ImagePart[]; cut: boolean }> {
  const size = await folder.size(FILE);
  const parts: ImagePart[] = [];
  let head: string | undefined;
  let rest = "";
  let restAt = 0;
  for (let at = 0; at < size; at += PIECE) {
    // One character a byte, so that places in the text are places in the file.
    rest += latin1(await folder.read(FILE, at, Math.min(size, at + PIECE)));
    let done = 0;
    for (const found of rest.matchAll(/<image\b[^>]*>/g)) {
      const close = found[0].endsWith("/>") ? found.index + found[0].length : rest.indexOf("</image>", found.index);
      if (close < 0) break;
      head ??= utf8(rest.slice(0, found.index));
      const end = found[0].endsWith("/>") ? close : close + "</image>".length;
      parts.push({ tag: utf8(found[0]), start: restAt + found.index, end: restAt + end });
      done = end;
    }
    rest = rest.slice(done);
    restAt += done;
  }
  return { head: head ?? utf8(rest), parts, cut: !rest.includes("</annotations>") };
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  const step = 2 ** 13;
  for (let i = 0; i < bytes.length; i += step) text += String.fromCharCode(...bytes.subarray(i, i + step));
  return text;
}

const utf8 = (text: string): string => new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));

function paintShapes(
  part: string,
  image: ReadonlyMap<string, string>,
  classes: readonly DatasetClass[],
  report: (kind: Parameters<ReportFault>[0], found: string) => void,
): FoundLabels | undefined {
  const [width, height] = ["width", "height"].map((name) => Number(image.get(name)));
  if (!(width > 0 && height > 0)) {
    report("annotation-damaged", "no width and height");
    return undefined;
  }
  const painter = areaPainter(width, height);
  const shapes = [...openingTags(part)].filter(({ attributes }) => attributes.has("label"));
  const order = (a: ReadonlyMap<string, string>): number => Number(a.get("z_order") ?? 0);
  for (const { name, attributes } of shapes.sort((a, b) => order(a.attributes) - order(b.attributes))) {
    const label = classes.findIndex((c) => c.name === attributes.get("label"));
    if (label < 0) {
      report("label-unknown", `"${attributes.get("label")}"`);
      continue;
    }
    try {
      painter.paint(shapePixels(name, attributes, width, height), label);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      report("annotation-damaged", error.message);
    }
  }
  if (painter.overlap > 0) report("overlap", `${painter.overlap} pixels of two shapes`);
  return { map: painter.map };
}

function* shapePixels(
  shape: string,
  attributes: ReadonlyMap<string, string>,
  width: number,
  height: number,
): Generator<number> {
  const number = (name: string): number => Number(attributes.get(name));
  if (shape === "polygon") {
    const points = (attributes.get("points") ?? "").split(/[;,]/).map(Number);
    yield* polygonPixels(points, width, height);
  } else if (shape === "mask") {
    const [left, top, w, h] = ["left", "top", "width", "height"].map(number);
    if (!(left >= 0 && top >= 0 && left + w <= width && top + h <= height))
      throw new RangeError(`a mask at ${left}, ${top} of ${w}x${h} in an image of ${width}x${height}`);
    const runs = (attributes.get("rle") ?? "").split(",").map(Number);
    for (const p of runPositions(runs, w * h)) yield (top + Math.floor(p / w)) * width + left + (p % w);
  } else throw new RangeError(`a <${shape}>: masks and polygons are read`);
}
