import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEdits } from "../../../src/cli/commands/edit.ts";
import { clusterJob } from "../../../src/project/cluster/clusterJob.ts";
import { clusterIdentity } from "../../../src/project/cluster/identity.ts";
import type { ClusterRequest } from "../../../src/project/cluster/options.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { editJob } from "../../../src/project/edits/editJob.ts";
import { editStepJob } from "../../../src/project/edits/job.ts";
import type { EditAction, EditRequest } from "../../../src/project/edits/options.ts";
import { suggestedK } from "../../../src/project/report/suggestedK.ts";
import { SAVED_BEFORE, saveUntold } from "../../../src/project/storage/untold.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
let project: string;
/** The ids of the project's clusters at K = 5 and 4. */
let five: readonly number[];
let four: readonly number[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-edit-"));
  project = join(folder, "project");
  await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
  await clusterJob(clusterRequest(project), {});
  const tree = (await loadTree(await openProject(project)))!;
  const { hierarchy } = await clusterIdentity(await openProject(project), tree);
  five = Array.from(hierarchy.aliveAt(5));
  four = Array.from(hierarchy.aliveAt(4));
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
    const names = labels.labels.classes.map((c: { name: string }) => c.name);
    expect(names).toEqual([`part ${five[0]}`, "hair", `part ${five[2]}`, `part ${five[3]}`]);
    expect(await readFile(join(project, "tree.safetensors"))).toEqual(before);
  });

  it("refuses a folder that holds something, and edits that do not fit", async () => {
    await expect(editJob(request({ outdir: project }), {})).rejects.toThrow(/not empty/);
    const outdir = join(folder, "none");
    await expect(editJob(request({ outdir, edits: parseEdits(["split", "9"]) }), {})).rejects.toThrow(/no cluster 9/);
    await expect(openProject(outdir)).rejects.toThrow(/there is no such folder/);
    const finished = request();
    await expect(editJob(finished, {})).rejects.toThrow(/not empty/);
    // A run of the same edits that was killed before its report is continued.
    await rm(join(finished.outdir, "report.html"));
    await expect(editJob({ ...finished, k: 6 }, {})).rejects.toThrow(/not empty/);
    expect(await editJob(finished, {})).toMatchObject({ report: join(finished.outdir, "report.html") });
  });
});

describe("editStepJob()", () => {
  const step = (action: EditAction, folder = project) =>
    editStepJob({ project: folder, action, network: null, provider: "cpu", threads: 1 }, {});
  const act = (text: string, k: number | null = null, folder = project) =>
    step({ type: "do", k, edits: parseEdits(text.split(" ")) }, folder);

  it("edits in place, step by step, with undo and redo, and draws each", async () => {
    await expect(step({ type: "undo" })).rejects.toThrow(/no edits yet. Begin with: klish edit do/);
    const tree = (await loadTree(await openProject(project)))!;
    expect(await step({ type: "list" })).toMatchObject({
      k: await suggestedK(await openProject(project), tree),
      edits: [],
    });
    const merge = `merge ${five[0]} ${five[4]}`;
    const begun = await act(merge, 5);
    expect(begun).toMatchObject({ k: 5, edits: [merge], undone: [], notes: [] });
    const [{ id }] = begun.clusters;
    expect(begun.clusters).toHaveLength(4);
    expect(begun.clusters.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6);
    const picture = await readFile(begun.preview);
    const named = await act(`name ${id} face lock #${id}`);
    expect(named.clusters[0]).toMatchObject({ name: "face", locked: true });
    expect(await readFile(begun.preview)).not.toEqual(picture);
    await expect(act(`split ${id}`)).rejects.toThrow(`#${id} is locked`);
    const undone = await step({ type: "undo" });
    expect(undone).toMatchObject({ edits: [merge, `name ${id} "face"`], undone: [`lock ${id}`] });
    expect(undone.clusters[0]).toMatchObject({ name: "face", locked: false });
    await step({ type: "undo" });
    expect((await step({ type: "redo" })).clusters[0].name).toBe("face");
    expect((await step({ type: "list" })).undone).toEqual([`lock ${id}`]);
    // A new edit forgets what was undone.
    expect(await act("cut 3")).toMatchObject({ edits: [merge, `name ${id} "face"`, "cut 3"], undone: [] });
    await expect(step({ type: "redo" })).rejects.toThrow(/nothing to redo/);
    expect(tree.steps.at(-1)?.k).toBe(2);
  });

  it("knows an edit again that was saved before it was killed, and makes the next of its kind", async () => {
    const action: EditAction = { type: "do", k: null, edits: parseEdits(["cut", "3"]) };
    const begun = await act("cut 4", 5);
    const { edits } = await step(action);
    // As a kill leaves it, after the edit was saved and before it was drawn and told.
    const path = join(project, "edits.json");
    const saved = await readFile(path, "utf8");
    await saveUntold(path, saved, action);
    const again = await step(action);
    expect(again).toMatchObject({ edits, notes: [SAVED_BEFORE] });
    expect(await readFile(path, "utf8")).toBe(saved);
    expect(await readdir(project)).not.toContain(".edits.json.untold");
    expect(await step(action)).toMatchObject({ edits: [...edits, "cut 3"], notes: [] });
    // Another edit than the one that was killed is made.
    await saveUntold(path, saved, action);
    expect(await step({ type: "undo" })).toMatchObject({ edits: begun.edits, notes: [] });
    // Killed before the edit was saved: it is made.
    await saveUntold(path, "{}", action);
    await writeFile(path, saved);
    expect(await step(action)).toMatchObject({ edits: [...edits, "cut 3"], notes: [] });
  });

  it("needs no generator after the first edit, and trains no merge twice", async () => {
    const { clusters } = await act(`merge ${five[0]} ${five[4]}`, 5);
    const moved = join(folder, "tiny.onnx");
    await rename(moved, `${moved}.away`);
    const trained = await stat(join(project, "edits", "trained.safetensors"));
    const again = await act(`merge ${five[0]} ${five[4]} split ${clusters[0].id}`, 5);
    expect(again.clusters).toHaveLength(5);
    expect((await stat(join(project, "edits", "trained.safetensors"))).mtimeMs).toBe(trained.mtimeMs);
    await rename(`${moved}.away`, moved);
  });

  it("carries edits over to the run of another seed", async () => {
    const other = join(folder, "other");
    await clusterJob({ ...clusterRequest(other), seed: 8 }, {});
    await expect(step({ type: "apply", from: other, minIou: 0.5 })).rejects.toThrow(/no edits to carry over/);
    await act(`merge ${four[1]} ${four[2]} name ${four[0]} sky`, 4, project);
    const same = await step({ type: "apply", from: project, minIou: 0 }, other);
    expect(same.k).toBe(4);
    expect(same.edits.length + same.skipped.length).toBe(2);
    const strict = await step({ type: "apply", from: project, minIou: 1 }, other);
    expect(strict.edits.length + strict.skipped.length).toBe(2);
    expect(strict.skipped.length).toBeGreaterThanOrEqual(same.skipped.length);
  });

  it("keeps names through cuts, splits and merges, and says where each is", async () => {
    const [a, b] = five;
    const named = await act(`name ${a} hair name ${b} skin`, 5);
    expect(named.notes).toEqual([]);
    const coarse = await act("cut 2");
    const gone = ["hair", "skin"].filter((name) => coarse.clusters.every((c) => c.name !== name));
    expect(coarse.notes).toEqual(
      gone.map((name) =>
        expect.stringMatching(`^at K = 2, "${name}" is a part of #\\d.*; it comes back with: cut [3-5]$`),
      ),
    );
    const back = await act("cut 5");
    expect(back.clusters.filter((c) => c.name !== null).map((c) => [c.id, c.name])).toEqual([
      [a, "hair"],
      [b, "skin"],
    ]);
    const merged = await act(`merge ${a} ${b}`);
    expect(merged.notes).toEqual(['"skin" is a part of "hair" now; undo brings it back']);
    const whole = merged.clusters.find((c) => c.name === "hair")!;
    const split = await act(`split ${whole.id}`);
    const heir = split.clusters.find((c) => c.name === "hair")!;
    const other = [a, b].find((id) => id !== heir.id);
    expect(split.notes).toEqual([`"hair" stays with #${heir.id}, the larger part; #${other} has no name`]);
    expect(heir.share).toBeGreaterThanOrEqual(split.clusters.find((c) => c.id === other)!.share);
    expect((await step({ type: "undo" })).clusters.find((c) => c.id === whole.id)?.name).toBe("hair");
  });

  it("refuses clusters that are not there, by their ids", async () => {
    const gone = [0, 1, 2, 3, 4, 5, 6, 7].find((id) => !five.includes(id));
    await expect(act(`split ${gone}`, 5)).rejects.toThrow(`#${gone} is a part of #`);
    await expect(act("split 8", 5)).rejects.toThrow("there is no cluster #8: the tree has #0 to #7.");
  });

  it("opens the saved project at the edited K, in the colours of the other", async () => {
    const outdir = join(folder, "saved");
    const saved = await editJob(request({ outdir }), {});
    expect(saved.suggested.k).toBe(4);
    const edited = await openProject(outdir);
    const tree = (await loadTree(edited))!;
    expect(await suggestedK(edited, tree)).toBe(4);
    expect(await readFile(join(outdir, "colors.json"))).toEqual(await readFile(join(project, "colors.json")));
    const page = await readFile(join(outdir, "report.html"), "utf8");
    expect(page).toContain('"openAt":4');
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
    expect(parseEdits("split 3 merge 0 #5 lock 1 unlock 1 cut 9 name 2 left_eye".split(" "))).toEqual([
      { type: "split", cluster: 3 },
      { type: "merge", clusters: [0, 5] },
      { type: "lock", cluster: 1, locked: true },
      { type: "lock", cluster: 1, locked: false },
      { type: "cut", k: 9 },
      { type: "name", cluster: 2, name: "left_eye" },
    ]);
    expect(() => parseEdits(["merge", "0"])).toThrow(/a cluster such as 47 after "merge", got ""/);
    expect(() => parseEdits(["join", "0"])).toThrow(/no edit "join"/);
  });
});
