/**
 * YOLO's segments (Ultralytics): images/… and labels/… of equal stems, a line per object: class id, then x and y in turn as shares of the
 * image's width and height. Names are in data.yaml or classes.txt.
 */
import { paintShapes, type ReportKind, type Shape } from "../annotations.ts";
import { type ListedClass, listedClasses } from "../classList.ts";
import type { DatasetLayout } from "../format.ts";
import type { DatasetClass } from "../labelMap.ts";
import {
  baseName,
  byKey,
  type DatasetFolder,
  type FoundSample,
  folderOf,
  foundImage,
  IMAGE_FILE,
  readText,
  splitNamed,
  withoutExtension,
} from "../reading.ts";
import { polygon } from "../shapes.ts";

const NAMES = /^(data\.ya?ml|dataset\.ya?ml|classes\.txt|obj\.names)$/;
/** The folder whose name tells images from labels. */
const LABELS = /^(.*\/)?labels(\/.*)?$/;
const IMAGES = /^(.*\/)?images(\/.*)?$/;

/** Image and labels by what their paths share. */
function parts({ paths }: DatasetFolder): Map<string, { image?: string; labels?: string }> {
  const found = new Map<string, { image?: string; labels?: string }>();
  for (const path of paths) {
    const kind = IMAGE_FILE.test(path) ? "image" : path.endsWith(".txt") ? "labels" : undefined;
    const match = kind === undefined ? null : (kind === "image" ? IMAGES : LABELS).exec(folderOf(path));
    if (kind === undefined || match === null) continue;
    const key = `${match[1] ?? ""}*${match[2] ?? ""}/${withoutExtension(baseName(path))}`;
    found.set(key, { ...found.get(key), [kind]: path });
  }
  return found;
}

export const yolo: DatasetLayout = {
  name: "yolo",
  title: "YOLO segments",
  recognise: (folder) =>
    2 * [...parts(folder).values()].filter(({ image, labels }) => image !== undefined && labels !== undefined).length,

  async classes(folder, report) {
    const path = folder.paths.find((p) => NAMES.test(p));
    if (path === undefined) return undefined;
    const text = await readText(folder, path);
    const names = /\.ya?ml$/.test(path) ? yamlNames(text) : text.split(/\r?\n/).filter((line) => line.trim() !== "");
    return listedClasses(
      names.map((name): ListedClass => ({ name: name.trim() })),
      path,
      report,
    );
  },

  async read(folder, classes, report) {
    const samples = [...parts(folder).values()].map(({ image, labels }): FoundSample => {
      const path = image ?? (labels as string);
      return {
        key: withoutExtension(baseName(path)),
        split: splitNamed(folderOf(path)),
        image: foundImage(folder, image),
        labels:
          labels === undefined
            ? undefined
            : {
                path: labels,
                async read(real) {
                  if (real === undefined || classes === undefined) return undefined;
                  const faultAt: ReportKind = (kind, found) => report(kind, labels, found);
                  return paintShapes(shapesOf(await readText(folder, labels), classes), real, classes, faultAt);
                },
              },
      };
    });
    return samples.sort(byKey);
  },
};

function shapesOf(text: string, classes: readonly DatasetClass[]): Shape[] {
  return text.split(/\r?\n/).flatMap((line, i): Shape[] => {
    if (line.trim() === "") return [];
    const [id, ...shares] = line.trim().split(/\s+/).map(Number);
    return [
      {
        name: classes[id]?.name ?? `class ${id} in line ${i + 1}`,
        area({ width, height }) {
          if (shares.length === 4) throw new RangeError(`line ${i + 1} is a box; segments are read`);
          return polygon(
            shares.map((share, k) => share * (k % 2 === 0 ? width : height)),
            width,
            height,
          );
        },
      },
    ];
  });
}

/** The "names" of a YAML file: a list in brackets or of lines, or lines of ids and names. */
function yamlNames(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/\s+#.*$/, ""));
  const start = lines.findIndex((line) => line.startsWith("names:"));
  if (start < 0) return [];
  const rest = lines[start].slice("names:".length).trim();
  if (rest.startsWith("[")) {
    const list = [rest, ...lines.slice(start + 1)].join(" ");
    return list
      .slice(1, list.indexOf("]") < 0 ? undefined : list.indexOf("]"))
      .split(",")
      .map(unquoted);
  }
  const names: string[] = [];
  for (const line of lines.slice(start + 1)) {
    const item = line.trim();
    if (item === "") continue;
    const numbered = /^(\d{1,4}):(.*)$/.exec(item);
    if (numbered !== null) names[Number(numbered[1])] = unquoted(numbered[2]);
    else if (item.startsWith("-")) names.push(unquoted(item.slice(1)));
    else break;
  }
  return Array.from(names, (name) => name ?? "");
}

const unquoted = (text: string): string => text.trim().replace(/^(["'])(.*)\1$/, "$2");
