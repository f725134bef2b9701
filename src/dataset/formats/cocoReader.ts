/** COCO's annotations as label maps: panoptic maps where they are there, else instances painted one over another. */
import { z } from "zod";
import { backgroundOf, paintShapes, type ReportKind, type Shape, schemaFault, validEntries } from "../annotations.ts";
import { type ListedClass, listedClasses } from "../classList.ts";
import type { DatasetFormat } from "../format.ts";
import { type DatasetClass, hexColor, IGNORE_LABEL, type ImageSize, type LabelMap } from "../labelMap.ts";
import type { Area } from "../painter.ts";
import { decodePng, PngError, pngHeader } from "../png.ts";
import {
  baseName,
  byKey,
  type DatasetFolder,
  type FoundSample,
  folderOf,
  foundImage,
  IMAGE_FILE,
  imageFinder,
  inFolder,
  plausibleSize,
  type ReportFault,
  readJson,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { cocoRuns, columnArea } from "../rle.ts";
import { polygon } from "../shapes.ts";

/** Folders of panoptic maps. */
const MAPS = /(?:^|\/)panoptic_[^/]*\//;
const ANNOTATIONS = /(?:^|\/)(instances|panoptic)_([^/]+)\.json$/;
/** The only name by which Roboflow's files are known before they are read. */
const ROBOFLOW = /(?:^|\/)_annotations\.coco\.json$/;
/** Of COCO's own files that repeat what instances hold, or hold no areas. */
const OTHERS = /(?:^|\/)(person_keypoints|captions|image_info|stuff)_[^/]*\.json$/;
/** Where files are named anyhow they are looked into; not where there is one for each image. */
const MOST_LOOKED_INTO = 32;
const LOOK_BYTES = 2 ** 16;

const id = z.union([z.number(), z.string()]);
const category = z.object({
  id,
  name: z.string().min(1),
  supercategory: z.string().nullish(),
  isthing: z.number().nullish(),
  color: z.array(z.int().min(0).max(255)).length(3).nullish(),
});
type Category = z.infer<typeof category>;

const side = z.int().min(1);
const image = z.object({ id, file_name: z.string().min(1), width: side, height: side });

const instance = z.object({
  image_id: id,
  category_id: id,
  area: z.number().nullish(),
  bbox: z.array(z.number()).nullish(),
  segmentation: z.union(
    [
      z.array(z.array(z.number())).min(1),
      z.object({ size: z.array(z.int().min(0)).length(2), counts: z.union([z.string(), z.array(z.number())]) }),
    ],
    "expected a list of polygons, each a list of numbers, or run lengths with size and counts",
  ),
});
type Segmentation = z.infer<typeof instance>["segmentation"];

const panoptic = z.object({
  image_id: id,
  file_name: z.string().min(1),
  segments_info: z.array(z.object({ id: z.int().min(0), category_id: id })),
});

/** One annotation file. Lists are as they are written: see `validEntries`. */
const content = z.object({
  images: z.array(z.unknown()),
  annotations: z.array(z.unknown()),
  categories: z.array(z.unknown()),
});
interface CocoFile extends z.infer<typeof content> {
  readonly path: string;
}

export const cocoReader: Pick<DatasetFormat, "recognise" | "classes" | "read"> = {
  async recognise(folder) {
    const files = await annotationFiles(folder);
    return files.length === 0 ? 0 : files.length + folder.paths.filter((p) => IMAGE_FILE.test(p)).length;
  },

  async classes(folder, report) {
    const [path] = await annotationFiles(folder);
    // What is wrong with the file is told when its annotations are read.
    const file = path === undefined ? undefined : await readFile(folder, path, () => undefined);
    if (file === undefined) return undefined;
    const categories = validEntries(file.categories, category, "category", path, report).map(([c]) => c);
    return listedClasses(categories.sort(byId).map(listed), path, report);
  },

  async read(folder, classes, report) {
    const samples: FoundSample[] = [];
    const find = imageFinder(folder.paths.filter((p) => !MAPS.test(p)));
    const findMap = imageFinder(folder.paths.filter((p) => MAPS.test(p)));
    const groups = new Map<string, { instances?: string; panoptic?: string }>();
    for (const path of await annotationFiles(folder)) {
      const [, kind = "instances", name = path] = ANNOTATIONS.exec(path) ?? [];
      groups.set(name, { ...groups.get(name), [kind]: path });
    }
    for (const [name, paths] of groups) {
      const instances = await readFile(folder, paths.instances, report);
      const maps = await readFile(folder, paths.panoptic, report);
      const first = instances ?? maps;
      if (first === undefined) continue;
      const images = validEntries(first.images, image, "image", first.path, report).map(([i]) => i);
      const ids = new Set(images.map((i) => i.id));
      const parts = instances && byImage(instances, instance, ids, report);
      const segments = maps && byImage(maps, panoptic, ids, report);
      const names = {
        instances: categoryNames(classes, instances, report),
        panoptic: categoryNames(classes, maps, report),
      };
      for (const { id: imageId, file_name, width, height } of images) {
        const beside = inFolder(folderOf(first.path), file_name);
        const file = [beside, `${name}/${inFolder("", file_name)}`, file_name].map(find).find((p) => p !== undefined);
        const [of, map] = [parts?.get(imageId) ?? [], segments?.get(imageId)?.[0]];
        const source = `${(maps ?? first).path}: ${file_name}`;
        const faultAt: ReportKind = (kind, found) => report(kind, source, found);
        samples.push({
          key: withoutExtension(baseName(inFolder("", file_name))),
          split: splitNamed(name),
          image: foundImage(folder, file),
          labels:
            maps !== undefined && map === undefined
              ? undefined
              : {
                  path: source,
                  async read(real) {
                    if (!plausibleSize({ width, height }, real, faultAt) || classes === undefined) return undefined;
                    const shapes = of.map((a) => instanceShape(a, names.instances, faultAt));
                    const painted = parts && paintShapes(shapes, real, classes, faultAt, backgroundOf(classes)).map;
                    if (map === undefined) return painted && { map: painted };
                    const mapFile = findMap(`panoptic_${name}/${map.file_name}`) ?? findMap(map.file_name);
                    const whole = await readPanoptic(folder, real, map, mapFile, names.panoptic, classes, faultAt);
                    if (whole !== undefined && painted !== undefined) compare(whole, painted, classes, faultAt);
                    return whole && { map: whole };
                  },
                },
        });
      }
    }
    return samples.sort(byKey);
  },
};

/** Annotation files in order of their paths; those of COCO's own names where there are any. */
async function annotationFiles(folder: DatasetFolder): Promise<string[]> {
  const named = folder.paths.filter((p) => ANNOTATIONS.test(p) || ROBOFLOW.test(p));
  if (named.length > 0) return named;
  const jsons = folder.paths.filter((p) => p.endsWith(".json") && !OTHERS.test(p));
  if (jsons.length > MOST_LOOKED_INTO) return [];
  const found: string[] = [];
  for (const path of jsons) if (await looksLikeCoco(folder, path)) found.push(path);
  return found;
}

async function looksLikeCoco(folder: DatasetFolder, path: string): Promise<boolean> {
  const size = await folder.size(path);
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  const head = decode(await folder.read(path, 0, Math.min(size, LOOK_BYTES)));
  const tail = decode(await folder.read(path, Math.max(0, size - LOOK_BYTES), size));
  const keys = ["images", "annotations", "categories"].filter((key) => `${head} ${tail}`.includes(`"${key}"`));
  return /^\s*\{/.test(head) && keys.length >= 2;
}

async function readFile(
  folder: DatasetFolder,
  path: string | undefined,
  report: ReportFault,
): Promise<CocoFile | undefined> {
  const found = path === undefined ? undefined : await readJson(folder, path, report);
  if (path === undefined || found === undefined) return undefined;
  const result = content.safeParse(found);
  if (result.success) return { ...result.data, path };
  report("annotation-damaged", path, schemaFault(result.error));
  return undefined;
}

const byId = (a: Category, b: Category): number =>
  typeof a.id === "number" && typeof b.id === "number" ? a.id - b.id : String(a.id) < String(b.id) ? -1 : 1;

const listed = ({ name, supercategory, isthing, color }: Category): ListedClass => ({
  name,
  background: isthing === 0 && supercategory === "background",
  ...(color == null ? {} : { color: hexColor(color) }),
});

/** Annotations of each image. */
function byImage<A extends { readonly image_id: string | number }>(
  file: CocoFile,
  schema: z.ZodType<A>,
  images: ReadonlySet<string | number>,
  report: ReportFault,
): ReadonlyMap<string | number, readonly A[]> {
  const lists = new Map<string | number, A[]>();
  for (const [annotation] of validEntries(file.annotations, schema, "annotation", file.path, report)) {
    const { image_id } = annotation;
    if (!images.has(image_id)) report("annotation-stray", file.path, `image_id ${image_id}, which no image has`);
    const list = lists.get(image_id);
    if (list === undefined) lists.set(image_id, [annotation]);
    else list.push(annotation);
  }
  return lists;
}

/** Class names by category id. */
function categoryNames(
  classes: readonly DatasetClass[] | undefined,
  file: CocoFile | undefined,
  report: ReportFault,
): ReadonlyMap<string | number, string> {
  const names = new Map<string | number, string>();
  // Damaged ones were told when the classes were read.
  for (const entry of file?.categories ?? []) {
    const { data } = category.safeParse(entry);
    if (data === undefined) continue;
    names.set(data.id, data.name);
    if (classes !== undefined && !classes.some((c) => c.name === data.name))
      report("label-unknown", (file as CocoFile).path, `category ${data.id} "${data.name}"`);
  }
  return names;
}

function instanceShape(
  { category_id, segmentation, area, bbox }: z.infer<typeof instance>,
  names: ReadonlyMap<string | number, string>,
  report: ReportKind,
): Shape {
  return {
    name: names.get(category_id) ?? `category_id ${category_id}`,
    area: (size) => segmentationArea(segmentation, size),
    painted(found) {
      // Tools compute areas and boxes of polygons in ways of their own.
      if (Array.isArray(segmentation)) return;
      if (area != null && area !== found.area) report("area-wrong", `area ${area}; the mask has ${found.area} pixels`);
      else if (bbox?.some((v, i) => v !== found.box[i]))
        report("area-wrong", `bbox ${bbox.join(", ")}; the mask has ${found.box.join(", ")}`);
    },
  };
}

/** Polygons, or run lengths down the columns, as numbers or compressed. */
function segmentationArea(segmentation: Segmentation, { width, height }: ImageSize): Area {
  if (Array.isArray(segmentation)) {
    const polygons = segmentation.map((points) => polygon(points, width, height));
    return (fill) => {
      for (const area of polygons) area(fill);
    };
  }
  const { size, counts } = segmentation;
  if (size[0] !== height || size[1] !== width)
    throw new RangeError(`run lengths of ${size[1]}x${size[0]} pixels in an image of ${width}x${height}`);
  return columnArea(typeof counts === "string" ? cocoRuns(counts) : counts, width, height);
}

async function readPanoptic(
  folder: DatasetFolder,
  { width, height }: ImageSize,
  { file_name, segments_info }: z.infer<typeof panoptic>,
  path: string | undefined,
  names: ReadonlyMap<string | number, string>,
  classes: readonly DatasetClass[],
  report: ReportKind,
): Promise<LabelMap | undefined> {
  if (path === undefined) {
    report("annotation-damaged", `there is no panoptic map ${file_name}`);
    return undefined;
  }
  try {
    const bytes = await folder.read(path);
    const header = pngHeader(bytes);
    if (header.channels !== 3 || header.bitDepth !== 8 || header.width !== width || header.height !== height)
      throw new PngError(
        `${header.width}x${header.height}, ${header.channels} channels; expected ${width}x${height}, 3 channels`,
      );
    const png = decodePng(bytes);
    const labels = new Map<number, number>([[0, IGNORE_LABEL]]);
    for (const { id: segment, category_id } of segments_info) {
      const label = classes.findIndex((c) => c.name === names.get(category_id));
      if (label < 0) report("label-unknown", `category_id ${category_id}`);
      labels.set(segment, label < 0 ? IGNORE_LABEL : label);
    }
    const data = new Uint8Array(width * height);
    const unlisted = new Set<number>();
    for (let p = 0; p < data.length; p++) {
      const segment = png.data[p * 3] + 256 * png.data[p * 3 + 1] + 65536 * png.data[p * 3 + 2];
      const label = labels.get(segment);
      if (label === undefined) unlisted.add(segment);
      data[p] = label ?? IGNORE_LABEL;
    }
    if (unlisted.size > 0)
      report("annotation-damaged", `${path}: segment ${[...unlisted].slice(0, 3).join(", ")} is not in segments_info`);
    return { width, height, data };
  } catch (error) {
    if (!(error instanceof PngError)) throw error;
    report("mask-damaged", `${path}: ${error.message}`);
    return undefined;
  }
}

/** Instances cover the pixels of all classes but the background, whatever else panoptic maps hold. */
function compare(
  panopticMap: LabelMap,
  instances: LabelMap,
  classes: readonly DatasetClass[],
  report: ReportKind,
): void {
  const thing = (label: number): number => (label === IGNORE_LABEL || classes[label].background ? IGNORE_LABEL : label);
  let odd = 0;
  for (let p = 0; p < panopticMap.data.length; p++) if (thing(panopticMap.data[p]) !== thing(instances.data[p])) odd++;
  if (odd > 0) report("annotations-differ", `${odd} pixels differ between instances and panoptic map`);
}
