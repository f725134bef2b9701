/** Label Studio's tasks (JSON export) as label maps: brushes, polygons, rectangles and ellipses. */
import { z } from "zod";
import { paintShapes, type ReportKind, type Shape, validEntries } from "../annotations.ts";
import { brushArea } from "../brushRle.ts";
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
  type ReportFault,
  readJson,
  readText,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { box, ellipse, polygon } from "../shapes.ts";
import { attributesOf, xmlTags } from "../xml.ts";

const CONFIG = "config.xml";
const TASKS = /^[^/]*tasks[^/]*\.json$|^project-[^/]*\.json$|^result\.json$/;

const side = z.int().min(1);
const task = z.object({
  data: z.looseObject({ image: z.string().optional(), width: side.optional(), height: side.optional() }),
  annotations: z.array(z.unknown()).nullish(),
});
type Task = z.infer<typeof task>;

const annotation = z.object({
  was_cancelled: z.boolean().nullish(),
  ground_truth: z.boolean().nullish(),
  result: z.array(z.unknown()),
});

/** Places are percent of the image's width and height. */
const result = z.object({
  id: z.string().nullish(),
  type: z.string(),
  original_width: side.optional(),
  original_height: side.optional(),
  value: z.looseObject({
    x: z.number().optional(),
    y: z.number().optional(),
    width: z.number().optional(),
    height: z.number().optional(),
    radiusX: z.number().optional(),
    radiusY: z.number().optional(),
    rotation: z.number().optional(),
    points: z.array(z.array(z.number()).length(2)).optional(),
    rle: z.array(z.int().min(0).max(255)).optional(),
  }),
});
type Result = z.infer<typeof result>;

/** What describes the whole picture, and has no area to draw. */
const OF_THE_PICTURE = new Set(["choices", "taxonomy", "textarea", "rating", "number", "datetime", "relation"]);

export const labelStudioReader: Pick<DatasetFormat, "recognise" | "classes" | "read"> = {
  async recognise(folder) {
    const path = await taskFile(folder);
    return path === undefined ? 0 : 1 + folder.paths.filter((p) => IMAGE_FILE.test(p)).length;
  },

  async classes(folder, report) {
    const listed = folder.paths.includes(CONFIG) ? labelsOf(await readText(folder, CONFIG)) : [];
    if (listed.length > 0) return listedClasses(listed, CONFIG, report);
    // A plain export has names only where they are used; what is damaged is told when the tasks are read.
    const path = await taskFile(folder);
    const names = new Set<string>();
    for (const t of path === undefined ? [] : await readTasks(folder, path, () => undefined))
      for (const [one] of validEntries(chosen(t, "", () => undefined)?.result ?? [], result, "", "", () => undefined)) {
        const name = labelOf(one);
        if (name !== undefined) names.add(name);
      }
    return names.size === 0
      ? undefined
      : listedClasses(
          [...names].sort().map((name) => ({ name })),
          path as string,
          report,
        );
  },

  async read(folder, classes, report) {
    const path = await taskFile(folder);
    if (path === undefined) return [];
    const find = imageFinder(folder.paths);
    const samples = (await readTasks(folder, path, report)).map((one): FoundSample => {
      const name = inFolder("", imageName(one.data));
      // Uploads get a prefix of eight characters.
      const file = find(name) ?? find(baseName(name).replace(/^[\da-f]{8}-/, ""));
      const source = `${path}: ${baseName(name)}`;
      const faultAt: ReportKind = (kind, found) => report(kind, source, found);
      const found = chosen(one, source, report);
      return {
        key: withoutExtension(baseName(file ?? name)),
        split: splitNamed(String(one.data["split"] ?? "")),
        image: foundImage(folder, file),
        labels: found && {
          path: source,
          async read(real) {
            const results = validEntries(found.result, result, "result", source, report).map(([r]) => r);
            const { width, height } = one.data;
            const claims = results.flatMap(({ original_width: w, original_height: h }) =>
              w === undefined || h === undefined ? [] : [{ width: w, height: h }],
            );
            if (width !== undefined && height !== undefined) claims.push({ width, height });
            const odd = claims.find((c) => c.width !== real?.width || c.height !== real.height);
            if (real === undefined || !plausibleSize(odd ?? real, real, faultAt) || classes === undefined)
              return undefined;
            return paintShapes(shapesOf(results, faultAt), real, classes, faultAt);
          },
        },
      };
    });
    return samples.sort(byKey);
  },
};

/** The file of tasks: a list. A result.json may be COCO's, which is an object. */
async function taskFile(folder: DatasetFolder): Promise<string | undefined> {
  const path = folder.paths.find((p) => TASKS.test(p));
  if (path !== "result.json") return path;
  const head = new TextDecoder().decode(await folder.read(path, 0, Math.min(await folder.size(path), 64)));
  return /^\s*\{/.test(head) ? undefined : path;
}

async function readTasks(folder: DatasetFolder, path: string, report: ReportFault): Promise<Task[]> {
  const found = await readJson(folder, path, report);
  if (found === undefined) return [];
  if (!Array.isArray(found)) {
    report("annotation-damaged", path, "no list of tasks");
    return [];
  }
  return validEntries(found, task, "task", path, report).map(([t]) => t);
}

/** The annotation of a task that is read: the one marked as ground truth, else the first that was not skipped. */
function chosen({ annotations }: Task, source: string, report: ReportFault): z.infer<typeof annotation> | undefined {
  const valid = validEntries(annotations ?? [], annotation, "annotation", source, report)
    .map(([a]) => a)
    .filter((a) => a.was_cancelled !== true);
  if (valid.length > 1) report("annotation-unused", source, `${valid.length} annotations of one task; one is read`);
  return valid.find((a) => a.ground_truth === true) ?? valid[0];
}

/** The labels of a labelling interface. */
function labelsOf(config: string): ListedClass[] {
  const listed: ListedClass[] = [];
  for (const tag of xmlTags(config)) {
    if (tag.name !== "Label" || tag.kind === "close") continue;
    const attributes = attributesOf(tag);
    const color = attributes.get("background");
    const hex = color !== undefined && /^#[\da-f]{6}$/i.test(color) ? { color } : {};
    listed.push({ name: attributes.get("value") ?? "", ...hex });
  }
  return listed;
}

/** The file that a task's URL names: called "image", or as the labelling interface calls it. */
function imageName(data: Task["data"]): string {
  const named = Object.values(data).find((v): v is string => typeof v === "string" && IMAGE_FILE.test(v));
  const url = data.image ?? named ?? "";
  const local = /[?&]d=([^&]*)/.exec(url)?.[1];
  try {
    return decodeURIComponent(local ?? url);
  } catch {
    return local ?? url;
  }
}

/** The class of a result: the first of the labels that are called after its type. */
function labelOf({ type, value }: Result): string | undefined {
  const labels = OF_THE_PICTURE.has(type) ? undefined : value[type];
  return Array.isArray(labels) && typeof labels[0] === "string" ? labels[0] : undefined;
}

function shapesOf(results: readonly Result[], report: ReportKind): Shape[] {
  // With <Labels> an area comes twice: as it was drawn, and with its label.
  const labelled = new Set(results.flatMap((r) => (labelOf(r) === undefined ? [] : [r.id])));
  return results.flatMap((one): Shape[] => {
    const name = labelOf(one);
    if (OF_THE_PICTURE.has(one.type)) return [];
    if (name !== undefined) return [{ name, area: (size) => resultArea(one, size) }];
    if (one.id == null || !labelled.has(one.id)) report("annotation-damaged", `a ${one.type} without a label`);
    return [];
  });
}

function resultArea({ type, value }: Result, { width, height }: ImageSize): Area {
  const { x, y, width: w, height: h, radiusX, radiusY, rotation: degrees = 0, points, rle } = value;
  const across = (percent: number): number => (percent * width) / 100;
  const down = (percent: number): number => (percent * height) / 100;
  if (rle !== undefined) return brushArea(rle, width * height);
  if (points !== undefined)
    return polygon(
      points.flatMap((p) => [across(p[0]), down(p[1])]),
      width,
      height,
    );
  if (x !== undefined && y !== undefined && radiusX !== undefined && radiusY !== undefined)
    return ellipse([across(x), down(y), across(radiusX), down(radiusY)], degrees, width, height);
  if (x !== undefined && y !== undefined && w !== undefined && h !== undefined && !/^keypoint/.test(type)) {
    const [left, top] = [across(x), down(y)];
    // Rectangles turn about their upper left corner.
    return box([left, top, left + across(w), top + down(h)], { degrees, x: left, y: top }, width, height);
  }
  throw new RangeError(`a ${type}, which has no area; brushes, polygons, rectangles and ellipses are read`);
}
