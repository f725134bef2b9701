import { readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");
const src = resolve(root, "src");

/** The two tables of ARCHITECTURE.md: folders by layer, and the rooms inside a folder. */
const [layerTable, roomTable] = [
  ...readFileSync(resolve(root, "ARCHITECTURE.md"), "utf8").matchAll(/```\n([\s\S]*?)```/g),
]
  .slice(0, 2)
  .map(([, table]) => table.trimEnd().split("\n"));
/** The layer of each folder: a number, two spaces, the folders. */
const layerOf = new Map(
  layerTable.flatMap((line) => {
    const [layer, ...folders] = line.split(/ {3,}/)[0].split("  ");
    return folders.map((folder) => [folder, Number(layer)] as const);
  }),
);
/** By folder: its rooms and single files, each with its rank; the highest is 0. */
const roomsOf = new Map(
  roomTable.map((line) => {
    const [folder, order] = line.split(/ {2,}(.*)/);
    const ranks = order.split(" > ").flatMap((names, rank) => names.split("  ").map((name) => [name, rank] as const));
    return [folder, new Map(ranks)] as const;
  }),
);

/** Files that may use Node; everything else runs in a browser too. */
const NODE = /^(node\.ts|runtime\/ortNode\.ts|runtime\/node\/|project\/|studio\/|cli\/)/;

/** Files of a folder; in `graph/ops` an op is a file. */
const MOST_FILES = 25;
const FULLER = new Set(["graph/ops"]);

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => file.split(sep).join("/"));

const importsOf = (file: string): string[] =>
  [...readFileSync(resolve(src, file), "utf8").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((m) => m[1]);
const pathOf = (file: string, target: string): string =>
  relative(src, resolve(src, dirname(file), target))
    .split(sep)
    .join("/");
const folderOf = (path: string): string | undefined => (path.includes("/") ? path.split("/")[0] : undefined);
const own = new Map(
  files.map((file) => [
    file,
    importsOf(file)
      .filter((target) => target.startsWith("."))
      .map((target) => pathOf(file, target)),
  ]),
);

/** What the room table calls a file of `folder`: the file, the innermost named room, or `*`. */
function roomOf(folder: string, path: string, rooms: ReadonlyMap<string, number>): string {
  const within = path.slice(folder.length + 1).replace(/\.ts$/, "");
  const parts = within.split("/");
  for (let length = parts.length; length > 0; length--) {
    const name = parts.slice(0, length).join("/");
    if (rooms.has(name)) return name;
  }
  expect(parts.length, `${path} lies in a room that ARCHITECTURE.md does not name`).toBe(1);
  return "*";
}

/** Sets of files that import each other in a circle (Tarjan's strongly connected components). */
function circles(): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): number => {
    let least = index.size;
    const mine = least;
    index.set(file, mine);
    low.set(file, mine);
    stack.push(file);
    for (const next of own.get(file) ?? []) {
      if (!own.has(next)) continue;
      if (!index.has(next)) least = Math.min(least, visit(next));
      else if (stack.includes(next)) least = Math.min(least, index.get(next) as number);
    }
    if (least === mine) {
      const circle = stack.splice(stack.indexOf(file));
      if (circle.length > 1 || own.get(file)?.includes(file)) found.push(circle.sort());
    }
    low.set(file, least);
    return least;
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return found;
}

describe("imports", () => {
  it("find the files and the tables", () => {
    expect(files.length).toBeGreaterThan(50);
    expect(layerOf.size).toBeGreaterThan(15);
    expect(roomsOf.get("cluster")?.size).toBeGreaterThan(4);
    const rooms = new Set(files.filter((file) => file.split("/").length > 2).map((file) => file.split("/")[0]));
    rooms.delete("graph");
    expect([...roomsOf.keys()].sort()).toEqual([...rooms].sort());
  });

  it.each(files)("%s", (file) => {
    const folder = folderOf(file);
    for (const target of importsOf(file)) {
      if (!target.startsWith(".")) {
        if (target.startsWith("node:") || target === "onnxruntime-node" || target === "sharp")
          expect(file, `${file} imports ${target} but belongs to the core`).toMatch(NODE);
        continue;
      }
      const path = pathOf(file, target);
      const other = folderOf(path);
      if (folder === undefined) continue;
      expect(other, `${file} imports the entry ${path}`).toBeDefined();
      if (folder !== other) {
        expect(layerOf.has(folder), `${folder} has no layer`).toBe(true);
        expect(layerOf.get(other as string), `${file} imports ${path}`).toBeLessThan(layerOf.get(folder) as number);
        continue;
      }
      const rooms = roomsOf.get(folder);
      if (rooms === undefined) continue;
      const [here, there] = [roomOf(folder, file, rooms), roomOf(folder, path, rooms)];
      if (here === there) continue;
      expect(rooms.get(here), `${file} imports ${path}`).toBeLessThan(rooms.get(there) as number);
    }
  });

  it("lie in folders that can be read at a glance", () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    const full = [...counts].filter(([folder, count]) => count > MOST_FILES && !FULLER.has(folder));
    expect(full).toEqual([]);
  });

  it("make no circle, except ops that name each other in their derivatives", () => {
    const wrong = circles().filter((circle) => !circle.every((file) => file.startsWith("graph/ops/")));
    expect(wrong).toEqual([]);
  });
});
