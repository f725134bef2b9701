/** LabelMe (Wada): a JSON beside each image, with polygons, rectangles, circles and masks; "_background_" and "__ignore__" by its custom. */
import { z } from "zod";
import { backgroundOf, paintShapes, type ReportKind, type Shape, schemaFault, validEntries } from "../annotations.ts";
import { listedClasses } from "../classList.ts";
import type { DatasetLayout } from "../format.ts";
import type { ImageSize } from "../labelMap.ts";
import type { Area } from "../painter.ts";
import { decodePng, PngError } from "../png.ts";
import {
  baseName,
  byKey,
  type DatasetFolder,
  type FoundSample,
  folderOf,
  foundImage,
  IMAGE_FILE,
  inFolder,
  plausibleSize,
  type ReportFault,
  readJson,
  readText,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { rowRuns, runLengths } from "../rle.ts";
import { box, ellipse, polygon } from "../shapes.ts";

const LIST = "labels.txt";
const IGNORED = "__ignore__";
const BACKGROUND = "_background_";

const file = z.object({
  shapes: z.array(z.unknown()),
  imagePath: z.string().nullish(),
  imageWidth: z.int().min(1).nullish(),
  imageHeight: z.int().min(1).nullish(),
});
const shape = z.object({
  label: z.string().min(1),
  points: z.array(z.array(z.number()).length(2)).min(1),
  shape_type: z.string().nullish(),
  /** A PNG of the box between the two points, in base64. */
  mask: z.string().nullish(),
});
type LabelMeShape = z.infer<typeof shape>;

/** Files beside an image of the same stem, and that image. */
function annotationFiles({ paths }: DatasetFolder): (readonly [string, string])[] {
  const images = new Map(paths.filter((p) => IMAGE_FILE.test(p)).map((p) => [withoutExtension(p), p]));
  return paths.flatMap((path) => {
    const image = path.endsWith(".json") ? images.get(withoutExtension(path)) : undefined;
    return image === undefined ? [] : [[path, image] as const];
  });
}

export const labelMe: DatasetLayout = {
  name: "labelme",
  title: "LabelMe",
  recognise: (folder) => 2 * annotationFiles(folder).length,

  async classes(folder, report) {
    const names = new Set<string>();
    if (folder.paths.includes(LIST))
      for (const line of (await readText(folder, LIST)).split(/\r?\n/)) if (line !== "") names.add(line);
    // Without a list the names are those that are used. What is damaged is told when the samples are read.
    if (names.size === 0)
      for (const [path] of annotationFiles(folder))
        for (const { label } of (await readFile(folder, path, () => undefined))?.shapes ?? []) names.add(label);
    names.delete(IGNORED);
    if (names.size === 0) return undefined;
    const order = [...(names.delete(BACKGROUND) ? [BACKGROUND] : []), ...[...names].sort()];
    return listedClasses(
      order.map((name) => ({ name })),
      folder.paths.includes(LIST) ? LIST : "the JSON files",
      report,
    );
  },

  async read(folder, classes, report) {
    const samples: FoundSample[] = [];
    const used = new Set<string>();
    for (const [path, beside] of annotationFiles(folder)) {
      const faultAt: ReportKind = (kind, found) => report(kind, path, found);
      used.add(beside);
      samples.push({
        key: withoutExtension(baseName(path)),
        split: splitNamed(folderOf(path)),
        image: foundImage(folder, beside),
        labels: {
          path,
          async read(real) {
            const found = await readFile(folder, path, report);
            if (found === undefined || real === undefined || classes === undefined) return undefined;
            const { imagePath, imageWidth, imageHeight, shapes } = found;
            if (imagePath != null && baseName(inFolder("", imagePath)) !== baseName(beside))
              report("annotation-stray", path, `imagePath "${imagePath}"; the image beside it is ${beside}`);
            const claimed = { width: imageWidth ?? real.width, height: imageHeight ?? real.height };
            if (!plausibleSize(claimed, real, faultAt)) return undefined;
            const drawn = shapes.filter(({ label }) => label !== IGNORED).map(shapeOf);
            return paintShapes(drawn, real, classes, faultAt, backgroundOf(classes));
          },
        },
      });
    }
    for (const path of folder.paths)
      if (IMAGE_FILE.test(path) && !used.has(path))
        samples.push({
          key: withoutExtension(baseName(path)),
          split: splitNamed(folderOf(path)),
          image: foundImage(folder, path),
          labels: undefined,
        });
    return samples.sort(byKey);
  },
};

async function readFile(
  folder: DatasetFolder,
  path: string,
  report: ReportFault,
): Promise<(Omit<z.infer<typeof file>, "shapes"> & { readonly shapes: readonly LabelMeShape[] }) | undefined> {
  const content = await readJson(folder, path, report);
  if (content === undefined) return undefined;
  const result = file.safeParse(content);
  if (result.success) {
    const shapes = validEntries(result.data.shapes, shape, "shape", path, report).map(([s]) => s);
    return { ...result.data, shapes };
  }
  report("annotation-damaged", path, schemaFault(result.error));
  return undefined;
}

const shapeOf = (one: LabelMeShape): Shape => ({ name: one.label, area: (size) => shapeArea(one, size) });

function shapeArea({ points, shape_type, mask }: LabelMeShape, { width, height }: ImageSize): Area {
  const kind = shape_type ?? "polygon";
  const flat = points.flat();
  if (kind === "polygon") return polygon(flat, width, height);
  const [x0, y0, x1, y1] = flat;
  if (kind === "rectangle" && points.length === 2)
    return box([x0, y0, x1, y1], { degrees: 0, x: 0, y: 0 }, width, height);
  if (kind === "rectangle") return polygon(flat, width, height);
  if (kind === "circle" && points.length === 2) {
    const radius = Math.hypot(x1 - x0, y1 - y0);
    return ellipse([x0, y0, radius, radius], 0, width, height);
  }
  if (kind === "mask" && points.length === 2 && mask != null) return maskArea(mask, x0, y0, width, height);
  throw new RangeError(`a ${kind} of ${points.length} points; polygons, rectangles, circles and masks are read`);
}

/** A PNG that is not 0 inside the area, at a corner of the image. */
function maskArea(base64: string, x: number, y: number, width: number, height: number): Area {
  try {
    const png = decodePng(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));
    const [left, top] = [Math.round(x), Math.round(y)];
    const { width: w, height: h } = png;
    if (png.channels !== 1 || left < 0 || top < 0 || left + w > width || top + h > height)
      throw new RangeError(`a mask at ${left}, ${top} of ${w}x${h} in an image of ${width}x${height}`);
    return rowRuns(
      runLengths(w * h, (p) => png.data[p] !== 0),
      top * width + left,
      w,
      h,
      width,
    );
  } catch (cause) {
    if (cause instanceof RangeError) throw cause;
    if (cause instanceof PngError || (cause instanceof Error && cause.name === "InvalidCharacterError"))
      throw new RangeError(`a mask that is not a PNG in base64 (${cause.message})`, { cause });
    throw cause;
  }
}
