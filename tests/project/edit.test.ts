import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseEdits } from "../../src/cli/edit.ts";
import { clusterJob } from "../../src/project/clusterJob.ts";
import { type EditRequest, editJob } from "../../src/project/editJob.ts";
import { loadTree, openProject } from "../../src/project/project.ts";
import { tinyGenerator } from "../tinyGenerator.ts";

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-edit-"));
  project = join(folder, "project");
  const network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
  await clusterJob(
    {
      network,
      outdir: project,
      latent: "normal",
      seeds: [0, 1, 2, 3],
      class: null,
      truncationPsi: null,
      truncationCutoff: null,
      noiseMode: "const",
      layers: "auto",
      resolution: null,
      pixelStride: 2,
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
    },
    {},
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<EditRequest> = {}): EditRequest => ({
  project,
  outdir: join(folder, "edited"),
  k: 5,
  edits: parseEdits(["merge", "0", "4", "lock", "1"]),
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
    const recipe = JSON.parse(await readFile(join(result.folder, "edits.json"), "utf8"));
    expect(recipe).toMatchObject({ klish: "edits", version: 1, project, k: 5, edits: request().edits });
    expect(await readFile(join(project, "tree.safetensors"))).toEqual(before);
  });

  it("refuses a folder that holds something, and edits that do not fit", async () => {
    await expect(editJob(request({ outdir: project }), {})).rejects.toThrow(/not empty/);
    const outdir = join(folder, "none");
    await expect(editJob(request({ outdir, edits: parseEdits(["split", "9"]) }), {})).rejects.toThrow(/no cluster 9/);
    await expect(openProject(outdir)).rejects.toThrow(/no klish project/);
  });
});

describe("parseEdits", () => {
  it("reads one edit after another, and says what it expected", () => {
    expect(parseEdits("split 3 merge 0 5 lock 1 unlock 1 cut 9".split(" "))).toEqual([
      { type: "split", cluster: 3 },
      { type: "merge", clusters: [0, 5] },
      { type: "lock", cluster: 1, locked: true },
      { type: "lock", cluster: 1, locked: false },
      { type: "cut", k: 9 },
    ]);
    expect(() => parseEdits(["merge", "0"])).toThrow(/a number after "merge"/);
    expect(() => parseEdits(["join", "0"])).toThrow(/no edit "join"/);
  });
});
