import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Project } from "../../src/project/cluster/project.ts";
import { freshLabels } from "../../src/project/labels/recipe.ts";
import { loadRecipe } from "../../src/project/labels/recipeFile.ts";
import { buildReport } from "../../src/project/report/build.ts";
import { labelCommands, labelsFile, projectOf } from "../../web/report/labelsFile.ts";
import { groupsAt } from "../../web/shared/parts/groups.ts";
import { openModel } from "../../web/shared/parts/model.ts";
import { namesAt, noNames, renamed } from "../../web/shared/parts/naming.ts";
import { syntheticImages } from "../project/report/synthetic.ts";

const { tree, samples } = syntheticImages();
const data = await buildReport({ title: "T", summary: "", command: "", facts: [], tree, samples });
const model = await openModel(data);
const { hierarchy } = model;
/** What merges first, at K = 12, and the cluster that it joins. */
const [{ removed, kept }] = hierarchy.merges;

describe("names that are given in a report", () => {
  it("stay with the pixels that they were given to, and come back at a K that tells them apart", () => {
    const [larger, smaller] =
      data.steps[0].share[kept] > data.steps[0].share[removed] ? [kept, removed] : [removed, kept];
    let memory = renamed(model, noNames(model), 12, larger, "hair");
    memory = renamed(model, memory, 12, smaller, " e\u202ear\u0007 ");
    expect(namesAt(model, memory, 12)).toEqual(
      new Map([
        [larger, "hair"],
        [smaller, "ear"],
      ]),
    );
    // Together they go on as the one that absorbs, called as most of its pixels are.
    expect(namesAt(model, memory, 11)).toEqual(new Map([[kept, "hair"]]));
    // Another name there is one of "hair"; what sleeps within keeps its own.
    const again = renamed(model, memory, 11, kept, "wig");
    expect(namesAt(model, again, 12)).toEqual(
      new Map([
        [larger, "wig"],
        [smaller, "ear"],
      ]),
    );
  });

  it("are taken back by an empty one", () => {
    const memory = renamed(model, noNames(model), 5, hierarchy.aliveAt(5)[0], "hair");
    expect(namesAt(model, renamed(model, memory, 5, hierarchy.aliveAt(5)[0], ""), 5)).toEqual(new Map());
  });

  it("make one part of clusters that are called alike, in the colour of the first", () => {
    const [a, b, c] = hierarchy.aliveAt(5);
    const { of, rgb } = groupsAt(
      model,
      {
        names: new Map([
          [b, "eyes"],
          [c, "eyes"],
        ]),
      },
      5,
    );
    expect([of[a], of[b], of[c]]).toEqual([a, b, b]);
    expect(rgb[c]).toEqual(model.rgb[b]);
  });
});

describe("labels.json from a report", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-names-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  /** The labels that klish reads from it. */
  const read = async (names: ReadonlyMap<number, string>, k: number) => {
    const path = join(folder, "labels.json");
    await writeFile(path, labelsFile(model, names, k));
    return (await loadRecipe({ folder } as Project, tree, path))?.state;
  };

  it("is what `klish label cut` makes where nothing was named", async () => {
    const { colors } = data;
    expect(await read(new Map(), 5)).toEqual(
      freshLabels(5, { ids: hierarchy.aliveAt(5), colors: colors as `#${string}`[] }),
    );
  });

  it("has a class for each name, with all clusters that are called so", async () => {
    const ids = [...hierarchy.aliveAt(4)];
    const state = await read(
      new Map([
        [ids[1], "eyes"],
        [ids[3], "eyes"],
        [ids[0], 'a "b" </script>'],
      ]),
      4,
    );
    expect(state?.classes.map(({ name, clusters, color }) => ({ name, clusters, color }))).toEqual([
      { name: 'a "b" </script>', clusters: [0], color: data.colors[ids[0]] },
      { name: "eyes", clusters: [1, 3], color: data.colors[ids[1]] },
      { name: `part ${String(ids[2]).padStart(2, "0")}`, clusters: [2], color: data.colors[ids[2]] },
    ]);
  });
});

describe("commands from a report", () => {
  it("cut, name, and take together what is called alike, with every name as one word of a shell", () => {
    const names = new Map([
      [47, "hair"],
      [3, "left eye"],
      [12, "hair"],
      [5, "it's"],
    ]);
    expect(labelCommands(names, 18, "/home/me/my demo")).toBe(
      [
        "npx klish label cut '/home/me/my demo' 18",
        "npx klish label name '/home/me/my demo' 3 'left eye'",
        "npx klish label name '/home/me/my demo' 5 'it'\\''s'",
        "npx klish label take '/home/me/my demo' 12 47 as hair",
        "",
      ].join("\n"),
    );
  });

  it("know the project by the folder that the report lies in", () => {
    expect(projectOf({ protocol: "file:", pathname: "/home/me/my%20demo/report.html" })).toBe("/home/me/my demo");
    expect(projectOf({ protocol: "file:", pathname: "/C:/demo/report.html" })).toBe("C:/demo");
    expect(projectOf({ protocol: "https:", pathname: "/x/report.html" })).toBe("my-project");
  });
});
