import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SAVED_BEFORE, saveUntold } from "../../src/project/storage/untold.ts";
import { labelledProject } from "../project/dataset/project.ts";
import { klish } from "./klish.ts";

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-label-"));
  project = await labelledProject(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const label = (command: string, ...words: string[]) =>
  klish("label", command, project, ...words, "--no-preview", "--json");
const labels = () => readFile(join(project, "labels.json"), "utf8");
const edits = async (): Promise<number> => JSON.parse((await label("list")).stdout).edits;

describe("klish label", () => {
  it("keeps all edits that are made at once", async () => {
    const before = await edits();
    const { classes } = JSON.parse((await label("list")).stdout) as { classes: { name: string }[] };
    const named = classes.slice(0, 3).map(({ name }, i) => [name, `new name ${i}`]);
    const ends = await Promise.all(named.map(([old, name]) => label("name", old, name)));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
    const text = await labels();
    for (const [, name] of named) expect(text).toContain(name);
    expect(await edits()).toBe(before + 3);
    expect((await readdir(project)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("makes an edit once that was saved before its command was killed", async () => {
    await label("undo");
    const saved = await labels();
    // As a kill leaves it between the saving and the reply.
    await saveUntold(join(project, "labels.json"), saved, ["undo"]);
    const again = await klish("label", "undo", project, "--no-preview");
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining(SAVED_BEFORE) });
    expect(await labels()).toBe(saved);
    expect((await readdir(project)).filter((name) => name.startsWith("."))).toEqual([]);
    await label("undo");
    expect(await labels()).not.toBe(saved);
  });

  it("chooses a K to the same bytes after a kill", async () => {
    await rm(join(project, "labels.json"));
    await label("cut", "4");
    const saved = await labels();
    await saveUntold(join(project, "labels.json"), saved, ["cut", 4, false]);
    await label("cut", "4");
    expect(await labels()).toBe(saved);
  });
});
