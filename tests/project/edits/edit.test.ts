import { cp, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEdits } from "../../../src/cli/commands/edit.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import type { ClusterRequest } from "../../../src/project/cluster/options.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { type EditRequest, editJob } from "../../../src/project/edits/editJob.ts";
import { type EditAction, editStepJob } from "../../../src/project/edits/job.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-edit-"));
  project = join(folder, "project");
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
  await clusterJob(clusterRequest(project), {});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const clusterRequest = (outdir: string): ClusterRequest => ({
  network: join(folder, "tiny.onnx"),
  outdir,
  latent: "normal",
  seeds: [0, 1, 2, 3],
  class: null,
  truncationPsi: null,
  truncationCutoff: null,
  noiseMode: "const",
  layers: "auto",
  resolution: null,
  pixelStride: 2,
  pixels: null,
  memory: null,
  keepFeatures: false,
  initialClusters: 8,
  seed: 3,
  criterion: "pair",
  balance: 0,
  filter: false,
  tolerance: 1e-3,
  minClusters: 2,
  minIou: null,
  provider: "cpu",
  threads: 1,
  command: "npx klish cluster",
});

const request = (changes: Partial<EditRequest> = {}): EditRequest => ({
  project,
  outdir: join(folder, "edited"),
  k: 5,
  edits: parseEdits(["merge", "0", "4", "lock", "1", "name", "1", "hair"]),
  network: null,
  provider: "cpu",
  threads: 1,
  command: "npx klish edit",
  ...changes,
});

describe("editJob()", () => {
  it("makes a finished project of the edited tree, and leaves the other as it was", async () => {
    const before = await readFile(join(project, "tree.safetensors"));
    const result = await editJob(request(), {});
    expect(result).toMatchObject({ clusters: 4, initialClusters: 8, minClusters: 4 });
    const edited = await openProject(result.folder);
    expect(edited.file).toMatchObject({ complete: true, command: "npx klish edit" });
    const tree = await loadTree(edited);
    const source = await loadTree(await openProject(project));
    const merged = source?.labelsAt(5).map((label) => (label === 4 ? 0 : label));
    expect([...(tree?.labelsAt(4) ?? [])]).toEqual([...(merged ?? [])]);
    const recipe = JSON.parse(await readFile(join(result.folder, "editedFrom.json"), "utf8"));
    expect(recipe).toMatchObject({ klish: "edits", version: 1, project, k: 5, edits: request().edits });
    const labels = JSON.parse(await readFile(join(result.folder, "labels.json"), "utf8"));
    expect(labels.labels.classes.map((c: { name: string }) => c.name)).toEqual(["part 0", "hair", "part 2", "part 3"]);
    expect(await readFile(join(project, "tree.safetensors"))).toEqual(before);
  });

  it("refuses a folder that holds something, and edits that do not fit", async () => {
    await expect(editJob(request({ outdir: project }), {})).rejects.toThrow(/not empty/);
    const outdir = join(folder, "none");
    await expect(editJob(request({ outdir, edits: parseEdits(["split", "9"]) }), {})).rejects.toThrow(/no cluster 9/);
    await expect(openProject(outdir)).rejects.toThrow(/no klish project/);
  });
});

describe("editStepJob()", () => {
  const step = (action: EditAction, folder = project) =>
    editStepJob({ project: folder, action, network: null, provider: "cpu", threads: 1 }, {});
  const act = (text: string, k: number | null = null, folder = project) =>
    step({ type: "do", k, edits: parseEdits(text.split(" ")) }, folder);

  it("edits in place, step by step, with undo and redo, and draws each", async () => {
    await expect(step({ type: "list" })).rejects.toThrow(/no edits yet. Begin with: klish edit do/);
    const begun = await act("merge 0 4", 5);
    expect(begun).toMatchObject({ k: 5, edits: ["merge 0 4"], undone: [] });
    expect(begun.clusters).toHaveLength(4);
    expect(begun.clusters.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    const picture = await readFile(begun.preview);
    const named = await act("name 0 face lock 0");
    expect(named.clusters[0]).toMatchObject({ name: "face", locked: true });
    expect(await readFile(begun.preview)).not.toEqual(picture);
    await expect(act("split 0")).rejects.toThrow(/cluster 0 is locked/);
    const undone = await step({ type: "undo" });
    expect(undone).toMatchObject({ edits: ["merge 0 4", 'name 0 "face"'], undone: ["lock 0"] });
    expect(undone.clusters[0]).toMatchObject({ name: "face", locked: false });
    await step({ type: "undo" });
    expect((await step({ type: "redo" })).clusters[0].name).toBe("face");
    expect((await step({ type: "list" })).undone).toEqual(["lock 0"]);
    // A new edit forgets what was undone.
    expect(await act("cut 3")).toMatchObject({ edits: ["merge 0 4", 'name 0 "face"', "cut 3"], undone: [] });
    await expect(step({ type: "redo" })).rejects.toThrow(/nothing to redo/);
    const tree = await loadTree(await openProject(project));
    expect(tree?.steps.at(-1)?.k).toBe(2);
  });

  it("needs no generator after the first edit, and trains no merge twice", async () => {
    await act("merge 0 4", 5);
    const moved = join(folder, "tiny.onnx");
    await rename(moved, `${moved}.away`);
    const trained = await stat(join(project, "edits", "trained.safetensors"));
    const again = await act("merge 0 4 split 0", 5);
    expect(again.clusters).toHaveLength(5);
    expect((await stat(join(project, "edits", "trained.safetensors"))).mtimeMs).toBe(trained.mtimeMs);
    await rename(`${moved}.away`, moved);
  });

  it("carries edits over to the run of another seed", async () => {
    const other = join(folder, "other");
    await clusterJob({ ...clusterRequest(other), seed: 8 }, {});
    await expect(step({ type: "apply", from: other, minIou: 0.5 })).rejects.toThrow(/no edits to carry over/);
    await act("merge 1 2 name 0 sky", 4, project);
    const same = await step({ type: "apply", from: project, minIou: 0 }, other);
    expect(same.k).toBe(4);
    expect(same.edits.length + same.skipped.length).toBe(2);
    const strict = await step({ type: "apply", from: project, minIou: 1 }, other);
    expect(strict.edits.length + strict.skipped.length).toBe(2);
    expect(strict.skipped.length).toBeGreaterThanOrEqual(same.skipped.length);
  });

  it("refuses edits of a tree that is no longer there", async () => {
    const copy = join(folder, "copy");
    await cp(project, copy, { recursive: true });
    const other = await readFile(join(folder, "other", "tree.safetensors"));
    await writeFile(join(copy, "tree.safetensors"), other);
    await expect(step({ type: "list" }, copy)).rejects.toThrow(/edits another tree/);
  });
});

describe("parseEdits", () => {
  it("reads one edit after another, and says what it expected", () => {
    expect(parseEdits("split 3 merge 0 5 lock 1 unlock 1 cut 9 name 2 left_eye".split(" "))).toEqual([
      { type: "split", cluster: 3 },
      { type: "merge", clusters: [0, 5] },
      { type: "lock", cluster: 1, locked: true },
      { type: "lock", cluster: 1, locked: false },
      { type: "cut", k: 9 },
      { type: "name", cluster: 2, name: "left_eye" },
    ]);
    expect(() => parseEdits(["merge", "0"])).toThrow(/a number after "merge"/);
    expect(() => parseEdits(["join", "0"])).toThrow(/no edit "join"/);
  });
});
