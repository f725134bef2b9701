import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The models that come with the package (docs/SHIPPED.md), by the name that stands for one wherever its kind is asked for. */
const shipped = {
  generator: { portraits: "portrait-generator.safetensors" },
  segmenter: { portraits: "portrait-segmenter.safetensors" },
  painter: { portraits: "portrait-painter.safetensors" },
} as const satisfies Record<string, Record<string, string>>;

/**
 * Whether `name` stands for a model of the package. A file or training run of that name in the working folder goes first; another folder, such
 * as the project that was made of the model, is none.
 */
export const isShipped = (kind: keyof typeof shipped, name: string): boolean =>
  Object.hasOwn(shipped[kind], name) && !isModel(name);

function isModel(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && (!found.isDirectory() || existsSync(join(path, "settings.json")));
}

/** The names of the models of a kind that are there. */
export const shippedNames = (kind: keyof typeof shipped): string[] =>
  Object.keys(shipped[kind]).filter((name) => existsSync(packaged(kind, name)));

/** For help: that a name stands for a model of the package, where that is there. */
export const shippedWords = (kind: keyof typeof shipped): string =>
  shippedNames(kind).length > 0 ? ", or portraits, the one that comes with klish" : "";

/** The path of a shipped model; any other path as it is. */
export const shippedPath = (kind: keyof typeof shipped, fileOrName: string): string =>
  isShipped(kind, fileOrName) ? packaged(kind, fileOrName) : fileOrName;

/** Where the package has a model. */
const packaged = (kind: keyof typeof shipped, name: string): string =>
  fileURLToPath(new URL(`../../../models/${(shipped[kind] as Record<string, string>)[name]}`, import.meta.url));
