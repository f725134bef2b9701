import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReportData } from "../../src/project/report/data.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { klish } from "./klish.ts";

let folder: string;
let project: string;
/** The data of the report, as a page shows it. */
let report: ReportData;
const cpu = ["--provider", "cpu", "--quiet", "--json"];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-names-"));
  project = join(folder, "run");
  const network = join(folder, "tiny.onnx");
  await writeFile(network, tinyGenerator());
  const args = ["--images", "4", "--init-clusters", "10", "--outdir", project];
  expect(await klish("cluster", "--network", network, ...args, ...cpu)).toMatchObject({ code: 0 });
  const page = await readFile(join(project, "report.html"), "utf8");
  report = JSON.parse(/<script type="application\/json" id="report-data">(.*?)<\/script>/s.exec(page)?.[1] ?? "");
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const label = async (...words: string[]) => {
  const { code, stdout, stderr } = await klish("label", words[0], project, ...words.slice(1), "--no-preview", ...cpu);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
};

describe("one id and one colour for every cluster", () => {
  it("in the report, klish info, klish label and klish edit, at the same suggested K", async () => {
    const info = JSON.parse((await klish("info", project, "--json")).stdout);
    expect([info.suggestedK, info.k]).toEqual([report.openAt, report.openAt]);
    for (const { id, color } of info.clusters) expect(color).toBe(report.colors[id]);
    const cut = await label("cut");
    expect(cut.k).toBe(report.openAt);
    expect(cut.clusterIds).toEqual(
      info.clusters.map((c: { id: number }) => c.id).sort((a: number, b: number) => a - b),
    );
    for (const [c, id] of cut.clusterIds.entries())
      expect(cut.classes[c]).toMatchObject({ name: `part ${id}`, color: report.colors[id], clusters: [c] });
    const id = cut.clusterIds[1];
    const edit = JSON.parse((await klish("edit", "do", project, "name", `#${id}`, "hair", ...cpu)).stdout);
    expect(edit.k).toBe(report.openAt);
    for (const cluster of edit.clusters) expect(cluster.color).toBe(report.colors[cluster.id]);
    expect(edit.clusters.find((c: { id: number }) => c.id === id).name).toBe("hair");
  });

  it("carries what was named by id through a coarser K and back, and tells what that K cannot show", async () => {
    const { clusterIds } = await label("cut", "4", "--fresh");
    for (const [i, id] of clusterIds.entries()) await label("name", i % 2 === 0 ? String(id) : `#${id}`, `name ${id}`);
    const { lost, classes } = await label("cut", "2");
    expect(classes).toHaveLength(2);
    expect(lost).toHaveLength(2);
    for (const { backAt, whole } of lost) expect({ backAt, whole }).toEqual({ backAt: 4, whole: true });
    expect(lost.map((l: { name: string }) => l.name)).not.toContain(classes[0].name);
    const back = await label("cut", "4");
    expect(back.classes.map((c: { name: string }) => c.name)).toEqual(clusterIds.map((id: number) => `name ${id}`));
    const said = await klish("label", "cut", project, "2", "--no-preview");
    expect(said.stdout).toMatch(/^"name \d+" \(\d+\.\d % of the pixels\) is in #\d+, "name \d+", here$/m);
    expect(said.stdout).toContain(`nothing is forgotten: klish label cut ${project} 4`);
  });

  it("says of a cluster that is not there what became of it", async () => {
    const { clusterIds } = await label("cut", "3");
    const gone = Array.from({ length: 10 }, (_, id) => id).find((id) => !clusterIds.includes(id));
    const { code, stderr } = await klish("label", "take", project, String(gone), "as", "hair", "--no-preview");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^klish: at K = 3, #${gone} is a part of #\\d+. It stands by itself down to K = \\d+.\n$`),
    );
    const none = await klish("edit", "do", project, "split", "10", "--quiet");
    expect(none).toMatchObject({ code: 1, stderr: "klish: there is no cluster #10: the tree has #0 to #9.\n" });
  });
});
