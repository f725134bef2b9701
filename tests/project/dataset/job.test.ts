import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodePng } from "../../../src/dataset/png.ts";
import { clusterIdentity } from "../../../src/project/cluster/identity.ts";
import { loadTree, openProject } from "../../../src/project/cluster/project.ts";
import { checkJob } from "../../../src/project/dataset/check.ts";
import { datasetJob } from "../../../src/project/dataset/job.ts";
import type { DatasetRequest, VerifyRequest } from "../../../src/project/dataset/options.ts";
import { seedRange } from "../../../src/project/dataset/settings.ts";
import { exportJob } from "../../../src/project/dataset/store.ts";
import { type Verification, verifyJob } from "../../../src/project/dataset/verify.ts";
import { carryLabels } from "../../../src/project/labels/carry.ts";
import { labelPreviewJob } from "../../../src/project/labels/preview.ts";
import { edit, freshRecipe, type LabelRecipe } from "../../../src/project/labels/recipe.ts";
import { loadRecipe, saveRecipe } from "../../../src/project/labels/recipeFile.ts";
import { contentOf, labelledProject } from "./project.ts";

let folder: string;
let project: string;
let out: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-dataset-"));
  project = await labelledProject(folder);
});
beforeEach(() => {
  out = join(folder, `out${count++}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (changes: Partial<DatasetRequest> = {}): DatasetRequest => ({
  projects: [project],
  recipes: [],
  formats: [],
  outdir: out,
  network: null,
  resolution: null,
  truncationPsi: null,
  imageFormat: "png",
  quality: 90,
  firstSeed: 0,
  count: 70,
  shard: null,
  ignoreMargin: 0,
  filter: { maxUncertain: null, minForeground: null, require: [] },
  split: { val: 0.2, test: 0 },
  provider: "cpu",
  threads: 1,
  command: "npx klish dataset",
  ...changes,
});

interface Line {
  readonly seed: number;
  readonly name: string;
  readonly labels: { uncertain: number; pixels: [number, number][]; mask?: object }[];
  readonly rejected?: string[];
}

const manifest = async (of: string): Promise<Line[]> =>
  (await readFile(join(of, "manifest.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("datasetJob()", () => {
  it("writes an image, a mask of its classes and a line for each seed, and a page", async () => {
    const result = await datasetJob(request(), {});
    expect(result).toMatchObject({ samples: 70, kept: 70, made: 70 });
    const { classes } = JSON.parse(await readFile(join(out, "dataset.json"), "utf8"));
    expect(classes[0].map((c: { name: string }) => c.name)).toEqual([
      "part 2",
      "part 0",
      "part 1 left",
      "part 1 right",
      "part 3",
      "part 4",
    ]);
    const lines = await manifest(out);
    expect(lines.map((l) => l.seed)).toEqual(Array.from({ length: 70 }, (_, i) => i));
    const mask = decodePng(await readFile(join(out, "masks", "seed000033.png")));
    expect(mask).toMatchObject({ width: 8, height: 8, colorType: 3 });
    const counts = new Map<number, number>();
    for (const label of mask.data) counts.set(label, (counts.get(label) ?? 0) + 1);
    expect(lines[33].labels[0].pixels).toEqual([...counts].sort((a, b) => a[0] - b[0]));
    expect([...mask.data].every((label) => label < 6 || label === 255)).toBe(true);
    expect(await readFile(result.overview, "utf8")).toContain("70 images with masks");
  });

  it("makes the same bytes with one thread or two, in one go, in parts, or from another first seed", async () => {
    await datasetJob(request(), {});
    const whole = await contentOf(out);
    const samples = Object.keys(whole).filter((f) => /seed/.test(f));
    expect(samples).toHaveLength(140);
    const only = async (changes: Partial<DatasetRequest>): Promise<Record<string, string>> => {
      const outdir = join(folder, `out${count++}`);
      await datasetJob(request({ outdir, ...changes }), {});
      return contentOf(outdir);
    };
    expect(await only({ threads: 2 })).toEqual(whole);
    const later = await only({ firstSeed: 40, count: 30 });
    for (const file of samples.slice(40, 70)) expect(later[file], file).toBe(whole[file]);
    const parts: Record<string, string> = {};
    for (const index of [1, 2, 3]) Object.assign(parts, await only({ shard: { index, of: 3 } }));
    expect(samples.map((f) => parts[f])).toEqual(samples.map((f) => whole[f]));
  });

  it("continues after a stop, after damage at the end, and with a larger count: to the same bytes", async () => {
    await datasetJob(request({ count: 200 }), {});
    const whole = await contentOf(out);
    out = join(folder, `out${count++}`);
    const controller = new AbortController();
    const stopped = datasetJob(request({ count: 200, threads: 1 }), {
      signal: controller.signal,
      onProgress: (p) => {
        if (p.phase === "make the dataset" && p.done > 0) controller.abort(new Error("stopped"));
      },
    });
    await expect(stopped).rejects.toThrow("stopped");
    expect((await manifest(out)).length).toBeLessThan(200);
    // What kills leave: half a line, a half-written file, a file that the manifest does not know, one that changed.
    await appendFile(join(out, "manifest.jsonl"), '{"seed":');
    await writeFile(join(out, "images", ".klish-999999999-1-0123456789abcdef.tmp"), "half");
    await writeFile(join(out, "masks", "seed000099.png"), "foreign");
    await writeFile(join(out, "masks", "seed000020.png"), "changed");
    await datasetJob(request({ count: 80 }), {}).catch((error) => {
      expect(error.message).toContain("count was 200, now 80");
    });
    await datasetJob(request({ count: 200 }), {});
    expect(await contentOf(out)).toEqual(whole);
    await truncate(join(out, "manifest.jsonl"), 5000);
    await datasetJob(request({ count: 200 }), {});
    expect(await contentOf(out)).toEqual(whole);
    await datasetJob(request({ count: 230 }), {});
    expect((await manifest(out)).length).toBe(230);
    expect((await datasetJob(request({ count: 230 }), {})).made).toBe(0);
  });

  it("makes again only what was lost in the middle, and says when it comes out otherwise", async () => {
    await datasetJob(request({ count: 100 }), {});
    const whole = await contentOf(out);
    const untouched = join(out, "images", "seed000050.png");
    const before = (await stat(untouched)).mtimeMs;
    await rm(join(out, "masks", "seed000003.png"));
    await writeFile(join(out, "images", "seed000090.png"), "damaged");
    expect((await datasetJob(request({ count: 100 }), {})).made).toBe(0);
    expect(await contentOf(out)).toEqual(whole);
    expect((await stat(untouched)).mtimeMs).toBe(before);
    const lines = (await readFile(join(out, "manifest.jsonl"), "utf8")).split("\n");
    lines[3] = lines[3].replace(/"sha256":"..../, '"sha256":"0000');
    await writeFile(join(out, "manifest.jsonl"), lines.join("\n"));
    await rm(join(out, "masks", "seed000003.png"));
    await expect(datasetJob(request({ count: 100 }), {})).rejects.toThrow(
      "seed000003 cannot be made again as the manifest lists it",
    );
  });

  it("leaves out what the filter rejects, with the reason, and ignores uncertain pixels", async () => {
    const plain = await datasetJob(request({ count: 64 }), {});
    const uncertain = (await manifest(plain.folder)).map((l) => l.labels[0].uncertain).sort((a, b) => a - b);
    const limit = uncertain[32];
    out = join(folder, `out${count++}`);
    const filter = { maxUncertain: limit, minForeground: null, require: ["part 0"] };
    const { kept } = await datasetJob(request({ count: 64, filter, ignoreMargin: 0.5 }), {});
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThanOrEqual(uncertain.filter((u) => u <= limit).length);
    expect((await readdir(join(out, "images"))).length).toBe(kept);
    const lines = await manifest(out);
    const reasons = lines.flatMap((l) => l.rejected ?? []);
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toMatch(/^(uncertain [\d.]+ > [\d.]+|no "part 0")$/);
    const ignored = (all: Line[]): number =>
      all.reduce((sum, l) => sum + (l.labels[0].pixels.find(([id]) => id === 255)?.[1] ?? 0), 0);
    expect(ignored(lines)).toBeGreaterThan(ignored(await manifest(plain.folder)));
  });

  it("makes smaller images and masks, and other formats", async () => {
    await datasetJob(request({ count: 3, resolution: 5, imageFormat: "jpg" }), {});
    expect(decodePng(await readFile(join(out, "masks", "seed000002.png")))).toMatchObject({ width: 5, height: 5 });
    expect((await readFile(join(out, "images", "seed000002.jpg"))).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
  });

  it("labels every image in several ways in one pass: each mask as if it were made alone", async () => {
    const opened = await openProject(project);
    const fine = join(folder, "fine.json");
    await saveRecipe(opened, edit(freshRecipe(9), { type: "background", class: "4" }), fine);
    const coarse = join(folder, "coarse.json");
    await saveRecipe(opened, edit(freshRecipe(6), { type: "merge", classes: ["1", "2"], name: "both" }), coarse);
    const alone: Record<string, Record<string, string>> = {};
    for (const recipe of [fine, coarse]) {
      const outdir = join(folder, `out${count++}`);
      await datasetJob(request({ recipes: [recipe], outdir, ignoreMargin: 0.1 }), {});
      alone[recipe] = await contentOf(outdir);
    }
    const { overview } = await datasetJob(request({ recipes: [fine, coarse], ignoreMargin: 0.1 }), {});
    const together = await contentOf(out);
    for (const i of [0, 31, 32, 69]) {
      const name = `seed${String(i).padStart(6, "0")}.png`;
      expect(together[`images/${name}`]).toBe(alone[fine][`images/${name}`]);
      expect(together[`masks_fine/${name}`]).toBe(alone[fine][`masks/${name}`]);
      expect(together[`masks_coarse/${name}`]).toBe(alone[coarse][`masks/${name}`]);
    }
    expect(together["classes_coarse.json"]).toBe(alone[coarse]["classes.json"]);
    const page = await readFile(overview, "utf8");
    for (const text of ["70 images with 2 masks each", "Classes of coarse", "masks_fine/"])
      expect(page).toContain(text);
    const checked = await verifyJob(
      { dataset: out, remake: 3, projects: [], network: null, provider: "cpu", threads: 1 },
      {},
    );
    expect(checked).toEqual({ samples: 70, files: 210, remade: 3, faults: [] });
    // Lost masks of one set are made again, and so is what a shorter manifest forgets.
    await rm(join(out, "masks_coarse", "seed000040.png"));
    await truncate(join(out, "manifest.jsonl"), 20000);
    await datasetJob(request({ recipes: [fine, coarse], ignoreMargin: 0.1, threads: 2 }), {});
    expect(await contentOf(out)).toEqual(together);
    await expect(datasetJob(request({ recipes: [coarse, fine], ignoreMargin: 0.1 }), {})).rejects.toThrow(
      "belongs to another dataset: labelSets changed",
    );
    const voc = { from: [out], fromFormat: null, format: "voc", outdir: join(folder, "voc2"), name: "two" };
    await expect(exportJob({ ...voc, recipe: null }, {})).rejects.toThrow("several label sets: fine, coarse");
    await expect(exportJob({ ...voc, recipe: "hat" }, {})).rejects.toThrow(
      'no label set "hat"; there are fine, coarse',
    );
    await exportJob({ ...voc, recipe: "coarse" }, {});
    expect(await readFile(join(folder, "voc2", "classes.json"))).toEqual(
      await readFile(join(out, "classes_coarse.json")),
    );
  });

  it("labels the images of one generator by several projects", async () => {
    const other = await labelledProject(await mkdtemp(join(folder, "other-")), undefined, 3);
    await rename(other, join(folder, "rival"));
    const projects = [project, join(folder, "rival")];
    await datasetJob(request({ projects, count: 10 }), {});
    const { settings } = JSON.parse(await readFile(join(out, "dataset.json"), "utf8"));
    expect(settings.labelSets.map((set: { name: string }) => set.name)).toEqual(["run", "rival"]);
    const both = await Promise.all(["masks_run", "masks_rival"].map((m) => readFile(join(out, m, "seed000003.png"))));
    expect(both[0]).not.toEqual(both[1]);
    const filter = { maxUncertain: 0, minForeground: null, require: [] };
    const strict = join(folder, `out${count++}`);
    await datasetJob(request({ projects, count: 40, filter, outdir: strict }), {});
    const reasons = (await manifest(strict)).flatMap((l) => l.rejected ?? []);
    expect(reasons.some((r) => r.startsWith("rival: uncertain "))).toBe(true);
    const twice = request({ projects: [project, project], outdir: strict });
    await expect(datasetJob(twice, {})).rejects.toThrow('two label sets are called "run"');
    const file = join(folder, "rival", "project.json");
    await writeFile(file, (await readFile(file, "utf8")).replace('"truncationPsi": 1', '"truncationPsi": 0.5'));
    const apart = datasetJob(request({ projects, count: 10, outdir: strict }), {});
    await expect(apart).rejects.toThrow("truncationPsi is 1 there, 0.5 here. Choose one with --trunc");
  });

  it("writes other layouts within, anew when the dataset has grown", async () => {
    const formats = ["voc", "coco"];
    const { exports } = await datasetJob(request({ count: 5, formats }), {});
    expect(exports.map((e) => [e.folder, e.samples])).toEqual(formats.map((f) => [join(out, f), 5]));
    const whole = await contentOf(out);
    expect((await datasetJob(request({ count: 5, formats }), {})).exports).toEqual(exports);
    expect(await contentOf(out)).toEqual(whole);
    // A folder that only has a layout's name is not ours to remove.
    await mkdir(join(out, "spade"));
    await writeFile(join(out, "spade", "mine.txt"), "mine");
    const grown = await datasetJob(request({ count: 8, formats: ["voc"] }), {});
    expect(grown.exports).toMatchObject([{ samples: 8 }]);
    expect(await readFile(join(out, "spade", "mine.txt"), "utf8")).toBe("mine");
    expect(await readdir(join(out, "SegmentationClass")).catch(() => "none")).toBe("none");
    expect((await readdir(join(out, "voc", "SegmentationClass"))).length).toBe(8);
    await expect(stat(join(out, "coco"))).rejects.toThrow("ENOENT");
    expect((await checkJob({ folder: out, format: null, recipe: null }, {})).faults.map((f) => f.path)).not.toContain(
      "voc",
    );
  });

  it.each<[Partial<DatasetRequest>, string]>([
    [{ resolution: 16 }, "--resolution 16 is more"],
    [{ split: { val: 0.7, test: 0.4 } }, "more than 1"],
    [{ filter: { maxUncertain: null, minForeground: null, require: ["hat"] } }, 'no class is called "hat"'],
    [{ recipes: ["/nowhere/x.json"] }, "/nowhere/x.json has no labels yet"],
    [{ projects: [] }, "projects: expected a list of at least one, got []"],
    [{ projects: ["a", "b"], recipes: ["c"] }, "goes with one --project"],
    [{ formats: ["yolo"] }, "formats: expected one of folders, "],
    [{ projects: [tmpdir()] }, "holds no klish project"],
    [{ firstSeed: 2 ** 32 - 1 }, "seeds end at"],
  ])("refuses %o before it makes a folder", async (changes, message) => {
    await expect(datasetJob(request(changes), {})).rejects.toThrow(message);
    await expect(stat(out)).rejects.toThrow("ENOENT");
  });

  it("refuses a folder with other files, one of another dataset, and one in use", async () => {
    await expect(datasetJob(request({ outdir: project }), {})).rejects.toThrow("is not empty and holds no dataset");
    await datasetJob(request({ count: 5 }), {});
    await expect(datasetJob(request({ count: 5, ignoreMargin: 1 }), {})).rejects.toThrow(
      "belongs to another dataset: ignoreMargin was 0, now 1",
    );
    await writeFile(join(out, ".lock"), `${process.ppid} ${(await import("node:os")).hostname()}`);
    await expect(datasetJob(request({ count: 5 }), {})).rejects.toThrow(`is in use by process ${process.ppid}`);
  });
});

describe("verifyJob()", () => {
  const verify = (changes: Partial<VerifyRequest> = {}): Promise<Verification> =>
    verifyJob({ dataset: out, remake: 4, projects: [], network: null, provider: "cpu", threads: 1, ...changes }, {});

  it("finds nothing in a fresh dataset, and names every file that was changed, lost or added", async () => {
    await datasetJob(request({ count: 40 }), {});
    expect(await verify()).toEqual({ samples: 40, files: 80, remade: 4, faults: [] });
    await appendFile(join(out, "masks", "seed000003.png"), "x");
    await rm(join(out, "images", "seed000004.png"));
    await writeFile(join(out, "images", "extra.png"), "");
    const path = join(out, "images", "seed000005.png");
    const bytes = await readFile(path);
    bytes[bytes.length - 20] ^= 1;
    await writeFile(path, bytes);
    const { faults } = await verify({ remake: 0 });
    expect(faults).toEqual([
      { path: "masks/seed000003.png", fault: expect.stringMatching(/^\d+ bytes, expected \d+$/) },
      { path: "images/seed000004.png", fault: "missing" },
      { path: "images/seed000005.png", fault: "its content was changed" },
      { path: "images/extra.png", fault: "not in the manifest" },
    ]);
    await datasetJob(request({ count: 40 }), {});
    expect((await verify({ remake: 0 })).faults).toEqual([{ path: "images/extra.png", fault: "not in the manifest" }]);
  });

  it("finds samples that do not come from their seeds, though their hashes fit", async () => {
    await datasetJob(request({ count: 40 }), {});
    const text = await readFile(join(out, "manifest.jsonl"), "utf8");
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const hashes = lines.map((l) => l.labels[0].mask);
    lines.forEach((l, i) => {
      l.labels[0].mask = hashes[(i + 1) % 40];
    });
    const masks = await Promise.all(lines.map((l) => readFile(join(out, "masks", `${l.name}.png`))));
    await Promise.all(lines.map((l, i) => writeFile(join(out, "masks", `${l.name}.png`), masks[(i + 1) % 40])));
    await writeFile(join(out, "manifest.jsonl"), lines.map((l) => `${JSON.stringify(l)}\n`).join(""));
    const { faults } = await verify();
    expect(faults).toHaveLength(4);
    expect(faults[0]).toMatchObject({ fault: "made again, it differs", path: expect.stringContaining("masks/") });
  });
});

describe("exportJob()", () => {
  it("links the samples of a complete dataset into another layout", async () => {
    await datasetJob(request({ count: 10 }), {});
    const outdir = join(folder, "voc");
    const { samples, load } = await exportJob(
      { from: [out], fromFormat: null, recipe: null, format: "voc", outdir, name: "test" },
      {},
    );
    expect(samples).toBe(10);
    expect(load).toContain(outdir);
    const mask = join(outdir, "SegmentationClass", "seed000007.png");
    expect(await readFile(mask)).toEqual(await readFile(join(out, "masks", "seed000007.png")));
    expect((await stat(mask)).nlink).toBe(2);
    expect(await readFile(join(outdir, "ImageSets", "Segmentation", "train.txt"), "utf8")).toBe(
      await readFile(join(out, "train.txt"), "utf8"),
    );
    await expect(
      exportJob({ from: [out], fromFormat: null, recipe: null, format: "coco", outdir, name: "test" }, {}),
    ).rejects.toThrow("is not empty");
    await truncate(join(out, "manifest.jsonl"), 2000);
    const again = exportJob(
      { from: [out], fromFormat: null, recipe: null, format: "coco", outdir: join(folder, "coco"), name: "test" },
      {},
    );
    await expect(again).rejects.toThrow(/is not complete: \d of 10 samples/);
    expect((await readdir(folder)).filter((name) => name.startsWith("coco"))).toEqual([]);
  });
});

describe("seedRange()", () => {
  it("cuts shards at whole blocks, without gap or overlap", async () => {
    await datasetJob(request({ count: 2 }), {});
    const { settings } = JSON.parse(await readFile(join(out, "dataset.json"), "utf8"));
    const ranges = Array.from({ length: 7 }, (_, i) =>
      seedRange({ ...settings, firstSeed: 5, count: 500, shard: { index: i + 1, of: 7 } }),
    );
    expect([ranges[0].first, ranges[6].end]).toEqual([5, 505]);
    ranges.slice(1).forEach((r, i) => {
      expect(r.first).toBe(ranges[i].end);
      expect(r.first % 32).toBe(0);
    });
  });
});

describe("labels.json", () => {
  it("is read back, keeps what was edited by hand, and is refused when damaged", async () => {
    const opened = await openProject(project);
    const tree = (await loadTree(opened))!;
    const before = (await loadRecipe(opened, tree))!;
    expect(before.actions).toHaveLength(3);
    const path = join(project, "labels.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"part 0"', '"skin"'));
    const edited = (await loadRecipe(opened, tree))!;
    expect([edited.state.classes[1].name, edited.actions.length]).toEqual(["skin", 0]);
    await writeFile(path, text.replace('"k": 6', '"k": 7'));
    await expect(loadRecipe(opened, tree)).rejects.toThrow("cluster 6 belongs to no class");
    await writeFile(path, "{");
    await expect(loadRecipe(opened, tree)).rejects.toThrow("is not valid JSON");
    await writeFile(path, text);
  });

  it("keeps names through a finer K and back", async () => {
    const opened = await openProject(project);
    const tree = (await loadTree(opened))!;
    const named = edit(freshRecipe(4), { type: "name", class: "1", name: "hair" });
    const identity = await clusterIdentity(opened, tree);
    const cut = (recipe: LabelRecipe, k: number) => edit(recipe, carryLabels(tree, identity, recipe, k).action);
    const finer = cut(named, 8);
    expect(finer.state.classes.some((c) => c.name === "hair")).toBe(true);
    expect(cut(finer, 4).state.classes.map((c) => [c.name, c.clusters])).toContainEqual(["hair", [1]]);
    expect(() => cut(named, 40)).toThrow("the project has no K = 40; it holds 2 to 10");
  });

  it("is drawn on labels.png, the second time without the generator", async () => {
    const preview = { project, recipe: null, network: null, provider: "cpu", threads: 1 } as const;
    const first = await readFile(await labelPreviewJob(preview, {}));
    expect(await readFile(await labelPreviewJob({ ...preview, network: "/nowhere" }, {}))).toEqual(first);
  });
});
