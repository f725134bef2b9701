import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mergeTree } from "../../../src/cluster/tree/mergeTree.ts";
import { adjustedMutualInfo } from "../../../src/metrics/agreement.ts";
import { clusterJob, reportJob } from "../../../src/project/cluster/clusterJob.ts";
import type { ClusterRequest } from "../../../src/project/cluster/options.ts";
import { loadTree, openProject, saveProject, saveTree } from "../../../src/project/cluster/project.ts";
import { tinyGenerator } from "../../tinyGenerator.ts";

let folder: string;
let network: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-test-"));
  network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Of no part. */
type Whole = Omit<ClusterRequest, "shard">;

const request = (changes: Partial<Whole> = {}): Whole => ({
  network,
  outdir: join(folder, "run"),
  latent: "normal",
  seeds: [0, 1, 2, 3, 4, 5, 6, 7],
  class: null,
  truncationPsi: null,
  truncationCutoff: null,
  noiseMode: "const",
  layers: "auto",
  resolution: null,
  pixelStride: 1,
  pixels: null,
  memory: null,
  keepFeatures: false,
  initialClusters: 10,
  seed: 0,
  criterion: "paper",
  balance: 0,
  filter: false,
  tolerance: 1e-3,
  minClusters: 2,
  minIou: null,
  provider: "cpu",
  threads: 1,
  command: "npx klish cluster",
  ...changes,
});

describe("clusterJob()", () => {
  it("writes the tree, the sheets, samples and a report, and removes its cache", async () => {
    const phases = new Set<string>();
    const result = await clusterJob(request(), { onProgress: (p) => phases.add(p.phase) });
    expect((await readdir(result.folder)).sort()).toEqual([
      "colors.json",
      "explained.json",
      "project.json",
      "report.html",
      "samples",
      "sheets",
      "tree.json",
      "tree.safetensors",
    ]);
    expect(result).toMatchObject({ initialClusters: 10, minClusters: 2 });
    expect(await readdir(join(result.folder, "samples"))).toContain("seed0007.png");
    expect(await readFile(result.report, "utf8")).toContain("<!doctype html>");
    const project = await openProject(result.folder);
    const tree = await loadTree(project);
    expect(project.file.complete).toBe(true);
    expect(tree?.pixels).toBe(8 * 8 * 8);
    expect(tree?.steps.map((s) => s.k)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2]);
    expect(phases).toContain("sample the generator");
    expect(phases).toContain("write the report");
  });

  it("refuses to stop merging above where it begins, and makes no folder", async () => {
    const outdir = join(folder, "above");
    await expect(clusterJob(request({ outdir, minClusters: 11 }), {})).rejects.toThrow(
      "--min-clusters 11 is more than the 10 clusters to start from: lower it, or raise --init-clusters.",
    );
    await expect(readdir(outdir)).rejects.toThrow("ENOENT");
  });

  it("is deterministic, and a finished run is not computed again", async () => {
    await clusterJob(request(), {});
    await clusterJob(request({ outdir: join(folder, "again") }), {});
    const [a, b] = await Promise.all(["run", "again"].map((name) => readFile(join(folder, name, "tree.safetensors"))));
    expect(a.equals(b)).toBe(true);
    const phases = new Set<string>();
    await clusterJob(request(), { onProgress: (p) => phases.add(p.phase) });
    expect(phases).not.toContain("merge clusters");
  });

  it("continues a run that was stopped in the middle of merging, to the same tree", async () => {
    const { folder: done } = await clusterJob(request(), {});
    const project = await openProject(done);
    const tree = (await loadTree(project))!;
    // The state after three merges: what a kill leaves behind.
    const rows = tree.initialClusters + 3;
    const partial = mergeTree({
      ...tree,
      weight: tree.weight.slice(0, rows * tree.channels),
      bias: tree.bias.slice(0, rows),
      steps: tree.steps.slice(0, 4),
    });
    const expected = await readFile(join(done, "tree.safetensors"));
    await saveTree(project, partial);
    await saveProject({ ...project, file: { ...project.file, complete: false } });
    await clusterJob(request(), {});
    expect((await readFile(join(done, "tree.safetensors"))).equals(expected)).toBe(true);
  });

  it("keeps what is finished when it is stopped while sampling", async () => {
    const controller = new AbortController();
    const stopped = clusterJob(request({ seeds: Array.from({ length: 100 }, (_, i) => i) }), {
      signal: controller.signal,
      onProgress: (p) => {
        if (p.phase === "sample the generator" && p.done > 0) controller.abort(new Error("stopped"));
      },
    });
    await expect(stopped).rejects.toThrow("stopped");
    expect(await readdir(join(folder, "run"))).toEqual(expect.arrayContaining(["features", "project.json"]));
    expect(existsSync(join(folder, "run", ".lock"))).toBe(false);
  });

  it("keeps features above the memory budget on disk, to the same parts, and removes them unless told", async () => {
    const { folder: held } = await clusterJob(request(), {});
    const { folder: done } = await clusterJob(request({ outdir: join(folder, "disk"), memory: 1000 }), {});
    const [exact, tree] = await Promise.all([held, done].map(async (at) => loadTree(await openProject(at))));
    expect((await openProject(done)).file.settings.precision).toBe("half");
    expect(await readdir(done)).toEqual(await readdir(held));
    expect(tree?.steps.map(({ k }) => k)).toEqual(exact?.steps.map(({ k }) => k));
    // Rounded features move a pixel here and there.
    expect(adjustedMutualInfo(tree?.initialLabels ?? [], exact?.initialLabels ?? [])).toBeGreaterThan(0.9);
    const outdir = join(folder, "kept");
    await clusterJob(request({ outdir, memory: 1000, keepFeatures: true, threads: 2 }), {});
    expect((await readdir(join(outdir, "features"))).every((name) => name.endsWith(".half.safetensors"))).toBe(true);
    const shared = await loadTree(await openProject(outdir));
    expect(shared?.steps.map(({ removed }) => removed)).toEqual(tree?.steps.map(({ removed }) => removed));
  });

  it("continues from disk after any stop, to the same tree", async () => {
    const { folder: whole } = await clusterJob(request({ outdir: join(folder, "whole"), memory: 1000 }), {});
    const merges = async (at: string) =>
      (await loadTree(await openProject(at)))?.steps.map(({ kept, removed, members }) => [kept, removed, ...members]);
    for (const [phase, done] of [
      ["group the pixels", 2],
      ["train on all pixels", 0],
      ["merge clusters", 4],
    ] as const) {
      const controller = new AbortController();
      const stopped = clusterJob(request({ memory: 1000 }), {
        signal: controller.signal,
        onProgress: (p) => {
          if (p.phase === phase && p.done >= done) controller.abort(new Error("stopped"));
        },
      });
      await expect(stopped).rejects.toThrow("stopped");
    }
    // A budget that is larger by now does not change how the run continues.
    const { folder: continued } = await clusterJob(request({ memory: null }), {});
    expect(await merges(continued)).toEqual(await merges(whole));
    expect(await readdir(continued)).toEqual(await readdir(whole));
  });

  it("clusters about as many pixels as asked for, of every image", async () => {
    const { folder: done } = await clusterJob(request({ pixels: 100, pixelStride: null }), {});
    expect((await loadTree(await openProject(done)))?.pixels).toBe(8 * 4 * 3);
    expect((await openProject(done)).file.settings.pixelStride).toBe(1);
  });

  it("clusters a stride of the pixels and still shows all of them", async () => {
    const { folder: done } = await clusterJob(request({ pixelStride: 2 }), {});
    expect((await loadTree(await openProject(done)))?.pixels).toBe(8 * 4 * 4);
  });

  it("refuses a folder that belongs to another run, and leaves it alone", async () => {
    await clusterJob(request(), {});
    const before = await readFile(join(folder, "run", "project.json"), "utf8");
    await expect(clusterJob(request({ initialClusters: 9, seed: 4 }), {})).rejects.toThrow(
      "belongs to another run: initialClusters was 10, now 9; seed was 0, now 4",
    );
    expect(await readFile(join(folder, "run", "project.json"), "utf8")).toBe(before);
  });

  it("refuses a folder with other files in it", async () => {
    await expect(clusterJob(request({ outdir: folder }), {})).rejects.toThrow(
      "is not empty and holds no klish project (tiny.onnx)",
    );
    expect(await readdir(folder)).toEqual(["tiny.onnx"]);
  });

  it("refuses a folder that a living process works in, and takes over from a dead one", async () => {
    await clusterJob(request(), {});
    await writeFile(join(folder, "run", ".lock"), `${process.ppid} ${(await import("node:os")).hostname()}`);
    await expect(clusterJob(request(), {})).rejects.toThrow(`is in use by process ${process.ppid}`);
    await writeFile(join(folder, "run", ".lock"), `999999999 ${(await import("node:os")).hostname()}`);
    await clusterJob(request(), {});
  });

  it.each([
    [{ initialClusters: 513 }, "513 initial clusters need at least as many pixels, but 8 images of 8x8 have 512"],
    [{ layers: ["nope"] }, 'no layer is called "nope"'],
    [{ class: 1 }, "this network is not conditional"],
    [{ network: "/nowhere/g.pkl" }, "/nowhere/g.pkl: there is no such file"],
  ])("refuses %o", async (changes, message) => {
    await expect(clusterJob(request(changes), {})).rejects.toThrow(message);
    expect(existsSync(join(folder, "run"))).toBe(false);
  });

  it("says what is wrong with a damaged tree", async () => {
    const { folder: done } = await clusterJob(request(), {});
    const path = join(done, "tree.safetensors");
    await writeFile(path, (await readFile(path)).subarray(0, 5000));
    await expect(clusterJob(request(), {})).rejects.toThrow(/tree\.safetensors is damaged/);
  });
});

describe("reportJob()", () => {
  it("writes the same report again, from a generator that has moved", async () => {
    const { folder: done, report } = await clusterJob(request(), {});
    const before = await readFile(report, "utf8");
    await rm(report);
    const moved = join(folder, "moved.onnx");
    await writeFile(moved, await readFile(network));
    await rm(network);
    await expect(reportJob({ outdir: done, network: null, provider: "cpu", threads: 1 }, {})).rejects.toThrow(
      "there is no such file",
    );
    await reportJob({ outdir: done, network: moved, provider: "cpu", threads: 1 }, {});
    expect(await readFile(report, "utf8")).toBe(before);
  });

  it("refuses another generator, and a folder without a project", async () => {
    const { folder: done } = await clusterJob(request(), {});
    const other = join(folder, "other.onnx");
    await writeFile(
      other,
      tinyGenerator((x) => x),
    );
    const again = { outdir: done, network: other, provider: "cpu", threads: 1 } as const;
    await expect(reportJob(again, {})).rejects.toThrow("is not the generator that");
    await expect(reportJob({ ...again, outdir: folder }, {})).rejects.toThrow("holds no klish project");
  });
});
