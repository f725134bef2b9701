import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";

/** Folders by layer: imports point strictly down, and neighbours never import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["tensor", "numeric"],
  ["graph", "checkpoint", "dataset", "metrics"],
  ["runtime", "nn", "portraits"],
  ["pixels"],
  ["gan", "cluster", "models"],
  ["features", "train"],
  ["project"],
  ["cli", "studio"],
];
const level = new Map(LAYERS.flatMap((folders, i) => folders.map((folder) => [folder, i] as const)));
/** Files that may use Node; everything else runs in a browser too. */
const NODE = /^(node\.ts|runtime\/ortNode\.ts|runtime\/node\/|project\/|cli\/)/;
/** Imports that still point up: a solver inside the pixels. */
const STILL_UP = new Set(["pixels/pixels.ts", "pixels/threads/sharedWork.ts"]);
const src = resolve(import.meta.dirname, "../src");

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => file.split(sep).join("/"));

const importsOf = (file: string): string[] =>
  [...readFileSync(resolve(src, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((m) => m[1]);

describe("imports", () => {
  it.each(files)("%s", (file) => {
    const folder = file.includes("/") ? file.split("/")[0] : undefined;
    for (const target of importsOf(file)) {
      if (!target.startsWith(".")) {
        if (target.startsWith("node:") || target === "onnxruntime-node" || target === "sharp")
          expect(file, `${file} imports ${target} but belongs to the core`).toMatch(NODE);
        continue;
      }
      const path = relative(src, resolve(src, dirname(file), target))
        .split(sep)
        .join("/");
      const other = path.includes("/") ? path.split("/")[0] : undefined;
      if (folder === undefined || folder === other || STILL_UP.has(file)) continue;
      expect(level.has(folder), `${folder} has no layer`).toBe(true);
      expect(other, `${file} imports the entry ${path}`).toBeDefined();
      expect(level.get(other as string), `${file} imports ${path}`).toBeLessThan(level.get(folder) as number);
    }
  });

  it("find the files", () => {
    expect(files.length).toBeGreaterThan(50);
  });
});
