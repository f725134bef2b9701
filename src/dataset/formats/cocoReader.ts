/** COCO's annotations as label maps: panoptic maps where they are there, else instances painted one over another. */
import { type ListedClass, listedClasses } from "../classList.ts";
import type { DatasetFormat } from "../format.ts";
import { type DatasetClass, hexColor, IGNORE_LABEL } from "../labelMap.ts";
import { type AreaPainter, areaPainter } from "../painter.ts";
import { decodePng, PngError } from "../png.ts";
import { polygonPixels } from "../polygon.ts";
import {
  baseName,
  type DatasetFolder,
  type FoundLabels,
  type FoundSample,
  IMAGE_FILE,
  imageFinder,
  type ReportFault,
  readJson,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { cocoRuns, runPositions } from "../rle.ts";

/** Folders of panoptic maps. */
const MAPS = /(?:^|\/)panoptic_[^/]*\//;
const ANNOTATIONS = /(?:^|\/)(instances|panoptic)_([^/]+)\.json$/;

interface Category {
  readonly id: number;
  readonly name: string;
  readonly supercategory?: string;
  readonly isthing?: number;
  readonly color?: readonly number[];
}

type Segmentation = readonly (readonly number[])[] | { readonly size: readonly number[]; readonly counts: unknown };

interface Instance {
  readonly image_id: number;
  readonly category_id: number;
  readonly area?: number;
  readonly bbox?: readonly number[];
  readonly segmentation?: Segmentation;
}

interface Panoptic {
  readonly image_id: number;
  readonly file_name: string;
  readonly segments_info: readonly { readonly id: number; readonly category_id: number }[];
}

interface CocoImage {
  readonly id: number;
  readonly file_name: string;
  readonly width: number;
  readonly height: number;
}

/** One annotation file. */
interface CocoFile<A> {
  readonly path: string;
  readonly images: readonly CocoImage[];
  readonly annotations: readonly A[];
  readonly categories: readonly Category[];
}

export const cocoReader: Pick<DatasetFormat, "recognise" | "classes" | "read"> = {
  recognise: (paths) =>
    paths.some((p) => ANNOTATIONS.test(p)) ? paths.filter((p) => ANNOTATIONS.test(p) || IMAGE_FILE.test(p)).length : 0,

  async classes(folder, report) {
    const path = folder.paths.find((p) => ANNOTATIONS.test(p));
    const file = path === undefined ? undefined : await readFile(folder, path, report);
    return file === undefined ? undefined : listedClasses(sorted(file.categories).map(listed), file.path, report);
  },

  async read(folder, classes, report) {
    if (classes === undefined) return [];
    const samples: FoundSample[] = [];
    const find = imageFinder(folder.paths.filter((p) => !MAPS.test(p)));
    const findMap = imageFinder(folder.paths.filter((p) => MAPS.test(p)));
    for (const name of new Set(folder.paths.flatMap((p) => ANNOTATIONS.exec(p)?.[2] ?? []))) {
      const path = (kind: string): string | undefined =>
        folder.paths.find((p) => ANNOTATIONS.exec(p)?.[1] === kind && ANNOTATIONS.exec(p)?.[2] === name);
      const read = <A>(kind: string): Promise<CocoFile<A> | undefined> => readFile<A>(folder, path(kind), report);
      const [instances, panoptic] = [await read<Instance>("instances"), await read<Panoptic>("panoptic")];
      const images = instances?.images ?? panoptic?.images ?? [];
      const parts = byImage(images, instances, report);
      const maps = byImage(images, panoptic, report);
      const ids = { instances: classIds(classes, instances, report), panoptic: classIds(classes, panoptic, report) };
      for (const image of images) {
        const file = find(`${name}/${image.file_name}`) ?? find(image.file_name);
        const [of, map] = [parts.get(image.id), maps.get(image.id)?.[0]];
        const mapFile = map && (findMap(`panoptic_${name}/${map.file_name}`) ?? findMap(map.file_name));
        const source = `${(panoptic ?? instances)?.path}: ${image.file_name}`;
        samples.push({
          key: withoutExtension(baseName(image.file_name)),
          split: splitNamed(name),
          image: file === undefined ? undefined : { path: file, read: () => folder.read(file) },
          labels:
            panoptic !== undefined && map === undefined
              ? undefined
              : {
                  path: source,
                  async read() {
                    const whole =
                      map && (await readPanoptic(folder, image, map, mapFile, ids.panoptic, source, report));
                    const painted = of && paintInstances(image, of, ids.instances, classes, source, report);
                    if (whole !== undefined && painted !== undefined) compare(whole, painted, classes, source, report);
                    const found = panoptic === undefined ? painted?.map : whole;
                    return found === undefined ? undefined : { map: found };
                  },
                },
        });
      }
    }
    return samples.sort((a, b) => (a.key < b.key ? -1 : 1));
  },
};

async function readFile<A>(
  folder: DatasetFolder,
  path: string | undefined,
  report: ReportFault,
): Promise<CocoFile<A> | undefined> {
  const found = path === undefined ? undefined : ((await readJson(folder, path, report)) as CocoFile<A> | undefined);
  if (path === undefined || found === undefined) return undefined;
  const missing = ["images", "annotations", "categories"].find(
    (key) => !Array.isArray(found[key as keyof CocoFile<A>]),
  );
  if (missing === undefined) return { ...found, path };
  report("annotation-damaged", path, `no list "${missing}"`);
  return undefined;
}

const sorted = (categories: readonly Category[]): Category[] => [...categories].sort((a, b) => a.id - b.id);

const listed = ({ name, supercategory, isthing, color }: Category): ListedClass => ({
  name,
  background: isthing === 0 && supercategory === "background",
  ...(color === undefined ? {} : { color: hexColor(color) }),
});

/** Annotations of each image; every image has a list. */
function byImage<A extends { readonly image_id: number }>(
  images: readonly CocoImage[],
  file: CocoFile<A> | undefined,
  report: ReportFault,
): ReadonlyMap<number, readonly A[]> {
  if (file === undefined) return new Map();
  const lists = new Map(images.map(({ id }): [number, A[]] => [id, []]));
  for (const annotation of file.annotations) {
    const list = lists.get(annotation.image_id);
    if (list === undefined)
      report("annotation-stray", file.path, `image_id ${annotation.image_id}, which no image has`);
    else list.push(annotation);
  }
  return lists;
}

/** Class ids by category id: classes are found by name. */
function classIds(
  classes: readonly DatasetClass[],
  file: CocoFile<unknown> | undefined,
  report: ReportFault,
): ReadonlyMap<number, number> {
  const ids = new Map<number, number>();
  for (const { id, name } of file?.categories ?? []) {
    const found = classes.findIndex((c) => c.name === name);
    if (found < 0) report("label-unknown", (file as CocoFile<unknown>).path, `category ${id} "${name}"`);
    else ids.set(id, found);
  }
  return ids;
}

async function readPanoptic(
  folder: DatasetFolder,
  { width, height }: CocoImage,
  { file_name, segments_info }: Panoptic,
  path: string | undefined,
  ids: ReadonlyMap<number, number>,
  source: string,
  report: ReportFault,
): Promise<FoundLabels["map"] | undefined> {
  if (path === undefined) {
    report("annotation-damaged", source, `there is no panoptic map ${file_name}`);
    return undefined;
  }
  try {
    const png = decodePng(await folder.read(path));
    if (png.channels !== 3 || png.bitDepth !== 8 || png.width !== width || png.height !== height)
      throw new PngError(
        `${png.width}x${png.height}, ${png.channels} channels; expected ${width}x${height}, 3 channels`,
      );
    const labels = new Map<number, number>([[0, IGNORE_LABEL]]);
    for (const { id, category_id } of segments_info) {
      const label = ids.get(category_id);
      if (label === undefined) report("label-unknown", source, `category_id ${category_id}`);
      labels.set(id, label ?? IGNORE_LABEL);
    }
    const data = new Uint8Array(width * height);
    const unlisted = new Set<number>();
    for (let p = 0; p < data.length; p++) {
      const id = png.data[p * 3] + 256 * png.data[p * 3 + 1] + 65536 * png.data[p * 3 + 2];
      const label = labels.get(id);
      if (label === undefined) unlisted.add(id);
      data[p] = label ?? IGNORE_LABEL;
    }
    if (unlisted.size > 0)
      report("annotation-damaged", path, `segment ${[...unlisted].slice(0, 3).join(", ")} is not in segments_info`);
    return { width, height, data };
  } catch (error) {
    if (!(error instanceof PngError)) throw error;
    report("mask-damaged", path, error.message);
    return undefined;
  }
}

/** The instances of an image on its background class, or on 255 where no class is the one background. */
function paintInstances(
  { width, height }: CocoImage,
  instances: readonly Instance[],
  ids: ReadonlyMap<number, number>,
  classes: readonly DatasetClass[],
  source: string,
  report: ReportFault,
): AreaPainter {
  const background = classes.findIndex((c) => c.background);
  const painter = areaPainter(width, height, background < 0 ? IGNORE_LABEL : background);
  for (const { category_id, segmentation, area, bbox } of instances) {
    const label = ids.get(category_id);
    if (label === undefined) report("label-unknown", source, `category_id ${category_id}`);
    if (label === undefined || segmentation === undefined) continue;
    try {
      const painted = painter.paint(pixelsOf(segmentation, width, height), label);
      const exact = !Array.isArray(segmentation);
      if (exact && area !== undefined && area !== painted.area)
        report("area-wrong", source, `area ${area}; the mask has ${painted.area} pixels`);
      else if (exact && bbox?.some((v, i) => v !== painted.box[i]))
        report("area-wrong", source, `bbox ${bbox.join(", ")}; the mask has ${painted.box.join(", ")}`);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      report("annotation-damaged", source, error.message);
    }
  }
  if (painter.overlap > 0) report("overlap", source, `${painter.overlap} pixels of two instances`);
  return painter;
}

/** Polygons, or run lengths down the columns, as numbers or compressed. */
function* pixelsOf(segmentation: Segmentation, width: number, height: number): Generator<number> {
  if (Array.isArray(segmentation)) {
    for (const points of segmentation) yield* polygonPixels(points, width, height);
    return;
  }
  const { size, counts } = segmentation as Exclude<Segmentation, readonly unknown[]>;
  if (size[0] !== height || size[1] !== width)
    throw new RangeError(`run lengths of ${size[1]}x${size[0]} pixels in an image of ${width}x${height}`);
  const runs = typeof counts === "string" ? cocoRuns(counts) : (counts as number[]);
  for (const at of runPositions(runs, width * height)) yield (at % height) * width + Math.floor(at / height);
}

/** Instances cover the pixels of all classes but the background, whatever else panoptic maps hold. */
function compare(
  panoptic: FoundLabels["map"],
  { map }: AreaPainter,
  classes: readonly DatasetClass[],
  source: string,
  report: ReportFault,
): void {
  const thing = (label: number): number => (label === IGNORE_LABEL || classes[label].background ? IGNORE_LABEL : label);
  const odd = panoptic.data.reduce((n, label, p) => n + (thing(label) === thing(map.data[p]) ? 0 : 1), 0);
  if (odd > 0) report("annotations-differ", source, `${odd} pixels differ between instances and panoptic map`);
}
