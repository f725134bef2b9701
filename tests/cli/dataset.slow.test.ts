import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labelledProject } from "../project/dataset/project.ts";
import { klish } from "./klish.ts";

let folder: string;
let project: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-dataset-cli-"));
  project = await labelledProject(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const cpu = ["--provider", "cpu", "--quiet"];

describe("klish label, dataset and check", () => {
  it("name parts, make a dataset, export, verify and check it", async () => {
    const named = await klish("label", "merge", project, "part 3", "part 4", "as", "hair", "--json", ...cpu);
    expect(named.stderr).toBe("");
    expect(JSON.parse(named.stdout)).toMatchObject({ k: 6, edits: 4, sheet: join(project, "labels.png") });
    expect(named.stdout).toContain('"name":"hair"');
    const set = join(folder, "set");
    const made = await klish(
      "dataset",
      "--project",
      project,
      "--outdir",
      set,
      "--count",
      "40",
      "--threads",
      "1",
      ...cpu,
    );
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toMatch(/^40 samples, .* images\/s\ndataset {2}.*\noverview .*\n$/);

    const voc = join(folder, "voc");
    const exported = await klish("dataset", "export", set, "--format", "voc", "--outdir", voc, "--quiet");
    expect(exported.stdout).toContain(`40 samples in ${voc}`);
    expect(await readdir(voc)).toContain("SegmentationClass");

    expect(await klish("check", voc, "--quiet")).toMatchObject({ code: 0, stderr: "" });
    await rm(join(voc, "SegmentationClass", "seed000005.png"));
    const checked = await klish("check", voc, "--quiet");
    expect(checked.code).toBe(1);
    expect(checked.stdout).toContain("JPEGImages/seed000005.png: no mask");

    expect(await klish("dataset", "verify", set, "--remake", "2", ...cpu)).toMatchObject({ code: 0 });
    await writeFile(join(set, "masks", "seed000006.png"), await readFile(join(set, "masks", "seed000007.png")));
    const verified = await klish("dataset", "verify", set, "--remake", "0", "--json", ...cpu);
    expect(verified.code).toBe(1);
    expect(JSON.parse(verified.stdout).faults).toHaveLength(1);
  }, 60_000);

  it.each([
    [["dataset", "--outdir", "x"], 2, "required option '--project <folder>' not specified"],
    [["dataset", "--project", "x", "--outdir", "y", "--shard", "5/4"], 2, "--shard: expected a part such as 3/16"],
  ])("%j ends with %i and says why", async (args, expected, message) => {
    const { code, stdout, stderr } = await klish(...args);
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toContain(message);
  });

  it.each([
    [["take", "3", "4"], "Say into which class"],
    [["split", "part 0", "many"], 'Expected a number of areas, got "many"'],
  ])("label %j is refused, and labels.json stays as it was", async ([command, ...words], message) => {
    const before = await readFile(join(project, "labels.json"), "utf8");
    const { code, stderr } = await klish("label", command, project, ...words, "--quiet");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
    expect(await readFile(join(project, "labels.json"), "utf8")).toBe(before);
  });
});
