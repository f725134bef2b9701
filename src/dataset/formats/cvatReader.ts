/** CVAT for images 1.1 as label maps. The XML is gone through once for where each image's part lies; parts are read one at a time. */
import { paintShapes, type ReportKind, type Shape } from "../annotations.ts";
import { type ListedClass, listedClasses } from "../classList.ts";
import type { DatasetFormat } from "../format.ts";
import type { ImageSize } from "../labelMap.ts";
import type { Area } from "../painter.ts";
import {
  baseName,
  byKey,
  type DatasetFolder,
  type FoundSample,
  foundImage,
  IMAGE_FILE,
  imageFinder,
  inFolder,
  plausibleSize,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { rowRuns } from "../rle.ts";
import { box, ellipse, polygon } from "../shapes.ts";
import { attributesOf, fromXml, utf8, xmlFileTags, xmlTags } from "../xml.ts";

const FILE = "annotations.xml";

export const cvatReader: Pick<DatasetFormat, "recognise" | "classes" | "read"> = {
  recognise: ({ paths }) => (paths.includes(FILE) ? 1 + paths.filter((p) => IMAGE_FILE.test(p)).length : 0),

  async classes(folder, report) {
    const { labels } = await outline(folder);
    return labels.length === 0 ? undefined : listedClasses(labels, FILE, report);
  },

  async read(folder, classes, report) {
    const find = imageFinder(folder.paths);
    const { images, tracks, fault } = await outline(folder);
    if (fault !== undefined) report("annotation-damaged", FILE, fault);
    if (tracks > 0)
      report("annotation-damaged", FILE, `${tracks} tracks of a video; export the task as "CVAT for images 1.1"`);
    const samples = images.map(({ attributes, start, end }): FoundSample => {
      const name = attributes.get("name") ?? "";
      const source = `${FILE}: ${name}`;
      const faultAt: ReportKind = (kind, found) => report(kind, source, found);
      return {
        key: withoutExtension(baseName(inFolder("", name))),
        split: splitNamed(attributes.get("subset") ?? ""),
        image: foundImage(folder, find(name)),
        labels: {
          path: source,
          async read(real) {
            const [width, height] = ["width", "height"].map((side) => Number(attributes.get(side)));
            if (!plausibleSize({ width, height }, real, faultAt) || classes === undefined) return undefined;
            const content = end > start ? new TextDecoder().decode(await folder.read(FILE, start, end)) : "";
            return paintShapes(shapesOf(content), real, classes, faultAt);
          },
        },
      };
    });
    return samples.sort(byKey);
  },
};

interface ImageElement {
  readonly attributes: ReadonlyMap<string, string>;
  /** Its content lies from `start` to `end` (bytes). */
  readonly start: number;
  readonly end: number;
}

/** Where each <image> lies, the labels of the task, and how many tracks of a video there are. */
async function outline(
  folder: DatasetFolder,
): Promise<{ images: ImageElement[]; labels: ListedClass[]; tracks: number; fault?: string }> {
  const images: ImageElement[] = [];
  const labels: ListedClass[] = [];
  let tracks = 0;
  let image: { attributes: ReadonlyMap<string, string>; start: number } | undefined;
  let label: { name?: string | undefined; color?: string | undefined } | undefined;
  let closed = false;
  try {
    for await (const { name, kind, inner, before, start, end } of xmlFileTags(folder, FILE)) {
      const opens = kind !== "close";
      if (name === "image") {
        const attributes = opens ? attributesOf({ inner: utf8(inner) }) : undefined;
        if (kind === "empty" && attributes !== undefined) images.push({ attributes, start: end, end });
        if (kind === "close" && image !== undefined) images.push({ ...image, end: start });
        image = kind === "open" && attributes !== undefined ? { attributes, start: end } : undefined;
      } else if (name === "track" && opens) tracks++;
      else if (name === "annotations" && !opens) closed = true;
      // The first name within a label is its own; its attributes have names too.
      else if (name === "label" && kind === "open") label = {};
      else if (name === "label" && label !== undefined) {
        const { name: called = "", color } = label;
        labels.push({ name: called, ...(color === undefined ? {} : { color }) });
        label = undefined;
      } else if (name === "name" && !opens && label !== undefined) label.name ??= fromXml(utf8(before));
      else if (name === "color" && !opens && label !== undefined)
        label.color ??= /^\s*(#[\da-f]{6})\s*$/i.exec(before)?.[1];
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { images, labels, tracks, fault: error.message };
  }
  return { images, labels, tracks, ...(closed ? {} : { fault: "it is cut short: </annotations> is missing" }) };
}

/** The shapes within an image, lowest first. */
function shapesOf(content: string): Shape[] {
  const shapes: { order: number; shape: Shape }[] = [];
  for (const tag of xmlTags(content)) {
    // A tag describes the whole image; elements without a label belong to shapes.
    if (tag.kind === "close" || tag.name === "tag") continue;
    const attributes = attributesOf(tag);
    const name = attributes.get("label");
    if (name === undefined) continue;
    const order = Number(attributes.get("z_order") ?? 0);
    shapes.push({ order, shape: { name, area: (size) => shapeArea(tag.name, attributes, size) } });
  }
  return shapes.sort((a, b) => a.order - b.order).map(({ shape }) => shape);
}

function shapeArea(shape: string, attributes: ReadonlyMap<string, string>, { width, height }: ImageSize): Area {
  const numbers = (...names: string[]): number[] =>
    names.map((name) => {
      const text = attributes.get(name)?.trim() ?? "";
      const value = text === "" ? Number.NaN : Number(text);
      if (!Number.isFinite(value)) throw new RangeError(`a <${shape}> with ${name}="${text}"; expected a number`);
      return value;
    });
  const degrees = attributes.has("rotation") ? numbers("rotation")[0] : 0;
  switch (shape) {
    case "polygon":
      return polygon((attributes.get("points") ?? "").split(/[;,]/).map(Number), width, height);
    case "box": {
      const [left, top, right, bottom] = numbers("xtl", "ytl", "xbr", "ybr");
      const turn = { degrees, x: (left + right) / 2, y: (top + bottom) / 2 };
      return box([left, top, right, bottom], turn, width, height);
    }
    case "ellipse":
      return ellipse(numbers("cx", "cy", "rx", "ry"), degrees, width, height);
    case "mask": {
      const [left, top, w, h] = numbers("left", "top", "width", "height");
      if (!([left, top, w, h].every(Number.isInteger) && left >= 0 && top >= 0 && w > 0 && h > 0))
        throw new RangeError(`a mask at ${left}, ${top} of ${w}x${h}`);
      if (left + w > width || top + h > height)
        throw new RangeError(`a mask at ${left}, ${top} of ${w}x${h} in an image of ${width}x${height}`);
      return rowRuns((attributes.get("rle") ?? "").split(",").map(Number), top * width + left, w, h, width);
    }
    default:
      throw new RangeError(`a <${shape}>, which has no area; masks, polygons, boxes and ellipses are read`);
  }
}
