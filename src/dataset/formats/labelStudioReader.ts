/** Label Studio's tasks with brush labels as label maps. */
import { brushPixels } from "../brushRle.ts";
import { type ListedClass, listedClasses } from "../classList.ts";
import type { DatasetFormat } from "../format.ts";
import type { DatasetClass } from "../labelMap.ts";
import { areaPainter } from "../painter.ts";
import {
  baseName,
  type FoundLabels,
  type FoundSample,
  IMAGE_FILE,
  imageFinder,
  type ReportFault,
  readJson,
  readText,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { openingTags } from "../xml.ts";

const CONFIG = "config.xml";
const TASKS = /^[^/]*tasks[^/]*\.json$|^project-[^/]*\.json$|^result\.json$/;

interface BrushLabel {
  readonly type?: string;
  readonly original_width: number;
  readonly original_height: number;
  readonly value: { readonly rle?: readonly number[]; readonly brushlabels?: readonly string[] };
}

interface Task {
  readonly data?: {
    readonly image?: string;
    readonly split?: string;
    readonly width?: number;
    readonly height?: number;
  };
  readonly annotations?: readonly { readonly was_cancelled?: boolean; readonly result?: readonly BrushLabel[] }[];
}

export const labelStudioReader: Pick<DatasetFormat, "recognise" | "classes" | "read"> = {
  recognise: (paths) =>
    paths.some((p) => TASKS.test(p)) ? paths.filter((p) => TASKS.test(p) || IMAGE_FILE.test(p)).length : 0,

  async classes(folder, report) {
    if (!folder.paths.includes(CONFIG)) return undefined;
    const labels = [...openingTags(await readText(folder, CONFIG))].filter(({ name }) => name === "Label");
    const listed = labels.map(({ attributes }): ListedClass => {
      const color = attributes.get("background");
      return {
        name: attributes.get("value") ?? "",
        ...(color !== undefined && /^#[\da-f]{6}$/i.test(color) ? { color } : {}),
      };
    });
    return listed.length === 0 ? undefined : listedClasses(listed, CONFIG, report);
  },

  async read(folder, classes, report) {
    const path = folder.paths.find((p) => TASKS.test(p));
    const tasks = path === undefined ? undefined : ((await readJson(folder, path, report)) as Task[] | undefined);
    if (path === undefined || tasks === undefined) return [];
    if (!Array.isArray(tasks)) {
      report("annotation-damaged", path, "no list of tasks");
      return [];
    }
    const find = imageFinder(folder.paths);
    const samples = tasks.map(({ data, annotations }): FoundSample => {
      const name = imageName(data?.image ?? "");
      // Uploads get a prefix of eight characters.
      const image = find(name) ?? find(baseName(name).replace(/^[\da-f]{8}-/, ""));
      const source = `${path}: ${baseName(name)}`;
      const result = annotations?.find((a) => a.was_cancelled !== true)?.result;
      return {
        key: withoutExtension(baseName(image ?? name)),
        split: splitNamed(data?.split ?? ""),
        image: image === undefined ? undefined : { path: image, read: () => folder.read(image) },
        labels:
          result === undefined
            ? undefined
            : {
                path: source,
                read: async () =>
                  classes && paintBrushes(result, data ?? {}, classes, (kind, what) => report(kind, source, what)),
              },
      };
    });
    return samples.sort((a, b) => (a.key < b.key ? -1 : 1));
  },
};

/** The file that a task's URL names. */
function imageName(url: string): string {
  const local = /[?&]d=([^&]*)/.exec(url)?.[1];
  try {
    return decodeURIComponent(local ?? url).replace(/^\//, "");
  } catch {
    return local ?? url;
  }
}

function paintBrushes(
  result: readonly BrushLabel[],
  size: { readonly width?: number; readonly height?: number },
  classes: readonly DatasetClass[],
  report: (kind: Parameters<ReportFault>[0], found: string) => void,
): FoundLabels | undefined {
  let painter =
    size.width === undefined || size.height === undefined ? undefined : areaPainter(size.width, size.height);
  for (const { type, original_width: width, original_height: height, value } of result) {
    const name = value?.brushlabels?.[0];
    const label = classes.findIndex((c) => c.name === name);
    if (type !== "brushlabels" || value.rle === undefined) report("annotation-damaged", `a ${type}: brushes are read`);
    else if (label < 0) report("label-unknown", `"${name}"`);
    else
      try {
        painter ??= areaPainter(width, height);
        painter.paint(brushPixels(value.rle, width * height), label);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        report("annotation-damaged", error.message);
      }
  }
  if (painter === undefined) {
    report("annotation-damaged", "no brush that tells the image's size");
    return undefined;
  }
  if (painter.overlap > 0) report("overlap", `${painter.overlap} pixels of two brushes`);
  return { map: painter.map };
}
