/**
 * A new user, by script: looks at the report, and names hair, skin, eyes, mouth and clothes by the ids shown there. The shipped
 * segmenter stands in for the user's eyes.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng } from "../../src/dataset/png.ts";
import { PART } from "../../src/portraits/classes.ts";
import { openProject } from "../../src/project/cluster/project.ts";
import { segmentSeeds } from "../../src/project/evaluation/segmenter.ts";
import { openProjectNetwork } from "../../src/project/sampling/projectFeatures.ts";
import { type Model, openModel } from "../../web/shared/parts/model.ts";
import { klish } from "./klish.ts";

/** What the user calls each part, and the classes that the segmenter divides it into. */
const PARTS = {
  hair: ["hair", "hat"],
  skin: ["skin", "nose", "ears", "brows", "neck"],
  eyes: ["eyes", "glasses"],
  mouth: ["lips"],
  clothes: ["clothes"],
} as const satisfies Record<string, readonly (keyof typeof PART)[]>;
type Part = keyof typeof PARTS;
const PART_NAMES = Object.keys(PARTS) as Part[];
/** Of each class of the segmenter; undefined for the background. */
const partOf = (label: number): Part | undefined =>
  PART_NAMES.find((part) => PARTS[part].some((name) => PART[name] === label));
/** Small parts are known at sight where this much of a cluster is of them. */
const SMALL: readonly Part[] = ["eyes", "mouth"];
const AT_SIGHT = 0.3;
const K = 18;

let folder: string;
const cpu = ["--provider", "cpu", "--quiet"];
const run = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await klish(...args, ...cpu);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};
const json = async (...args: string[]) => JSON.parse(await run(...args, "--json"));

const settings = ["--network", "portraits", "--images", "32", "--layers", "16+", "--pixel-stride", "2"];
const cluster = async (name: string, seed: number): Promise<string> => {
  const project = join(folder, name);
  await run("cluster", ...settings, "--init-clusters", "60", "--seed", String(seed), "--outdir", project);
  return project;
};
const openReport = async (project: string): Promise<Model> => {
  const page = await readFile(join(project, "report.html"), "utf8");
  return openModel(
    JSON.parse(/<script type="application\/json" id="report-data">(.*?)<\/script>/s.exec(page)?.[1] ?? ""),
  );
};

/** What the eye sees at each pixel of the report's pictures: a class of the segmenter. */
async function lookAt(project: string, { samples, pixels }: Model): Promise<Uint16Array> {
  const opened = await openProject(project);
  const threads = 1;
  const network = await openProjectNetwork(opened, { network: null, provider: "cpu", threads });
  const { settings: made } = opened.file;
  const images = { ...made, seeds: made.seeds.slice(0, samples), resolution: Math.sqrt(pixels) };
  const segmenter = { file: "portraits", size: null, range: [-1, 1], output: null } as const;
  try {
    return await segmentSeeds(images, network.generator, segmenter, { threads });
  } finally {
    await network.generator.dispose();
  }
}

/** What the user takes each cluster for, the largest first; the background stays unnamed. */
function partsOf(ids: Uint16Array, truth: Uint16Array): Map<number, Part> {
  const counts = new Map<number, Map<Part | undefined, number>>();
  const areas = new Map<number, number>();
  for (let n = 0; n < ids.length; n++) {
    const own = counts.get(ids[n]) ?? new Map();
    own.set(partOf(truth[n]), (own.get(partOf(truth[n])) ?? 0) + 1);
    counts.set(ids[n], own);
    areas.set(ids[n], (areas.get(ids[n]) ?? 0) + 1);
  }
  const found = new Map<number, Part>();
  for (const [id, area] of [...areas].sort((a, b) => b[1] - a[1])) {
    const own = counts.get(id)!;
    const small = SMALL.find((part) => (own.get(part) ?? 0) >= AT_SIGHT * area);
    const part = small ?? [...own].reduce((best, other) => (other[1] > best[1] ? other : best))[0];
    if (part !== undefined) found.set(id, part);
  }
  return found;
}

describe("a new user", () => {
  let project: string;
  let model: Model;
  let truth: Uint16Array;
  let seen: Map<number, Part>;
  const idsOf = (part: Part): string[] => [...seen].filter(([, p]) => p === part).map(([id]) => String(id));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-user-"));
    project = await cluster("parts", 1);
    model = await openReport(project);
    truth = await lookAt(project, model);
    seen = partsOf(model.idsAt(K, "argmax"), truth);
    for (const part of PART_NAMES) expect(idsOf(part), part).not.toEqual([]);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** The masks of the report's pictures as names, [samples*pixels]. */
  const masksOf = async (labelled: string, name: string): Promise<string[]> => {
    const set = join(folder, name);
    await run("dataset", "--project", labelled, "--outdir", set, "--count", String(model.samples), "--threads", "1");
    const { classes } = JSON.parse(await readFile(join(set, "classes.json"), "utf8"));
    const names: string[] = [];
    for (let seed = 0; seed < model.samples; seed++) {
      const mask = decodePng(await readFile(join(set, "masks", `seed${String(seed).padStart(6, "0")}.png`)));
      for (const id of mask.data) names.push(classes[id].name);
    }
    expect(names).toHaveLength(truth.length);
    return names;
  };
  /** Of each part by the truth, the name whose pixels are most like it. */
  const bestNames = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      PART_NAMES.map((part) => {
        const iou = (name: string): number => {
          let both = 0;
          let either = 0;
          for (let n = 0; n < names.length; n++) {
            const [a, b] = [names[n] === name, partOf(truth[n]) === part];
            both += Number(a && b);
            either += Number(a || b);
          }
          return both / either;
        };
        return [part, [...new Set(names)].reduce((best, name) => (iou(name) > iou(best) ? name : best))];
      }),
    );
  const asSeen = Object.fromEntries(PART_NAMES.map((part) => [part, part]));

  it("names parts in `klish label`, and the masks have these names where the report shows them", async () => {
    await run("label", "cut", project, String(K), "--no-preview");
    for (const part of PART_NAMES) await run("label", "take", project, ...idsOf(part), "as", part, "--no-preview");
    const names = await masksOf(project, "by-label");
    const shown = model.idsAt(K, "argmax");
    let different = 0;
    for (let n = 0; n < names.length; n++)
      if (names[n] !== (seen.get(shown[n]) ?? `part ${String(shown[n]).padStart(2, "0")}`)) different++;
    expect(different / names.length).toBeLessThan(0.001);
    expect(bestNames(names)).toEqual(asSeen);
  });

  it("keeps the names through K = 18, 12, 18 and undo, and in the run of another seed", async () => {
    const before = await json("label", "list", project);
    const coarse = await json("label", "cut", project, "12", "--no-preview");
    const { classes } = await json("label", "cut", project, String(K), "--no-preview");
    expect(classes).toEqual(before.classes);
    for (const { name, whole, backAt } of coarse.lost) {
      expect(coarse.classes.some((c: { name: string }) => c.name === name)).toBe(!whole);
      expect(backAt).toBeLessThanOrEqual(K);
    }
    await run("label", "undo", project, "--no-preview");
    expect((await json("label", "undo", project, "--no-preview")).classes).toEqual(before.classes);

    const other = await cluster("other", 0);
    const applied = await json("label", "apply", other, "--from", project, "--no-preview");
    const otherModel = await openReport(other);
    const eye = partsOf(otherModel.idsAt(K, "argmax"), truth);
    const named = applied.classes.filter((c: { name: string }) => c.name in PARTS);
    expect(named.length).toBeGreaterThanOrEqual(3);
    for (const { name, clusters } of named)
      expect(
        clusters.map((c: number) => eye.get(applied.clusterIds[c])),
        name,
      ).toContain(name);
  });

  it("names parts in `klish edit` as well: merges, a split and a cut keep them, and the saved project's masks have them", async () => {
    const edits = PART_NAMES.flatMap((part) => {
      const [first, ...others] = idsOf(part);
      return ["name", first, part, ...others.flatMap((id) => ["name", id, part])];
    });
    const named = await json("edit", "do", project, "--k", String(K), ...edits);
    const nameOf = (id: string, list: { id: number; name: string }[]) => list.find((c) => c.id === Number(id))?.name;
    for (const part of PART_NAMES) expect(nameOf(idsOf(part)[0], named.clusters)).toBe(part);
    const cut = await json("edit", "do", project, "cut", "12");
    const back = await json("edit", "do", project, "cut", String(K));
    expect(back.clusters).toEqual(named.clusters);
    expect(cut.clusters).toHaveLength(12);
    const [hair] = idsOf("hair");
    const split = await json("edit", "do", project, "split", hair);
    expect(split.notes[0]).toMatch(/^"hair" stays with #\d+, the larger part; #\d+ has no name$/);
    expect((await json("edit", "undo", project)).clusters).toEqual(named.clusters);
    const saved = join(folder, "saved");
    const summary = await json("edit", "save", project, "--outdir", saved);
    expect(summary.suggested.k).toBe(K);
    expect(bestNames(await masksOf(saved, "by-edit"))).toEqual(asSeen);
  });
});
