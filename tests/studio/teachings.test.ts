import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveTeaching } from "../../src/project/teach/teachFile.ts";
import { labels as labelsSchema } from "../../src/studio/api.ts";
import { placesOf } from "../../src/studio/places/places.ts";
import { openWorkspace } from "../../src/studio/places/workspace.ts";
import { teachDesk, teachingOf } from "../../src/studio/teachings.ts";

let base: string;
let folder: string;
const desk = teachDesk();
type Edits = Parameters<typeof desk.edit>[2];
const make = (edits: Edits, revision?: string) => desk.edit(folder, "taught", edits, revision);
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "klish-teachings-"));
  folder = join(base, "taught");
  await saveTeaching(
    folder,
    {
      ...{ network: "https://a.b/c.pkl?key=1", networkSha256: "0", family: "onnx", latent: "normal", class: null },
      ...{ truncationPsi: 1, truncationCutoff: null, noiseMode: "const", layers: ["h"], resolution: 4 },
      ...{ command: "klish studio x", versions: {} },
    },
    { actions: [], undone: [] },
  );
});
afterAll(() => rm(base, { recursive: true, force: true }));

describe("classes that are taught", () => {
  it("are labels without clusters: added with colours that differ, named, painted, undone", async () => {
    const { labels } = await make([
      { type: "add", name: "hair" },
      { type: "add", name: "sky", color: "#0000ff" },
    ]);
    expect(labelsSchema.parse(labels)).toEqual(labels);
    expect(labels.k).toBe(0);
    expect(labels.classes.map(({ name, parts, maskIds, painted }) => [name, parts, maskIds, painted])).toEqual([
      ["hair", [0], "0", 0],
      ["sky", [1], "1", 0],
    ]);
    expect(labels.classes[1].color).toBe("#0000ff");
    expect(labels.classes[0].color).not.toBe("#0000ff");
    expect([labels.undo, labels.redo]).toEqual(["add “sky”", null]);
    // A dot in the corner of a picture of 4 x 4: one pixel.
    const stroked = await make(
      [{ type: "stroke", seed: 3, part: 1, points: [[0.1, 0.1]], radius: 0 }],
      labels.revision,
    );
    expect(stroked.labels.classes.map(({ painted }) => painted)).toEqual([0, 1]);
    expect(stroked.labels.undo).toBe("stroke of “sky”");
    expect((await teachingOf(folder, "taught")).seeds).toEqual([3]);
    const undone = await make([{ type: "undo" }]);
    expect(undone.labels.classes.map(({ painted }) => painted)).toEqual([0, 0]);
    expect([undone.labels.undo, undone.labels.redo]).toEqual(["add “sky”", "stroke of “sky”"]);
    expect(await desk.read(folder, "taught")).toEqual(undone.labels);
    const named = await make([{ type: "redo" }, { type: "name", part: 1, name: "air" }, { type: "remove", part: 0 }]);
    expect(named.labels.classes.map(({ name, painted, maskIds }) => [name, painted, maskIds])).toEqual([
      ["air", 1, "0"],
    ]);
    expect(named.labels.undo).toBe("remove “hair”");
  });

  it("are edited together or not at all, and not over somebody else's edits", async () => {
    const before = await readFile(join(folder, "teach.json"), "utf8");
    const refused = (edits: Edits, revision?: string) => expect(make(edits, revision)).rejects;
    await refused([
      { type: "add", name: "new" },
      { type: "name", part: 7, name: "x" },
    ]).toThrow("not there any more");
    await refused([{ type: "undo" }], "another").toThrow("edited elsewhere meanwhile");
    await refused([{ type: "cut", k: 3, fresh: false }]).toThrow("without clusters: there is nothing to cut");
    await refused([{ type: "add", name: "air" }]).toThrow('there is a class "air" already');
    expect(await readFile(join(folder, "teach.json"), "utf8")).toBe(before);
  });

  it("are a place, whose address tells no secrets", async () => {
    const [place] = await placesOf(await openWorkspace(base));
    expect(place).toMatchObject({ at: "taught", kind: "teaching", complete: false, command: "klish studio x" });
    expect((await teachingOf(folder, "taught")).network).not.toContain("key=1");
  });
});
