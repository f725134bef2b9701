import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { generatorRequest, planGenerator } from "../../../src/project/auto/generatorPlan.ts";
import { autoJob } from "../../../src/project/auto/job.ts";
import { autoRequest } from "../../../src/project/auto/options.ts";
import { autoPage } from "../../../src/project/auto/page.ts";
import { stages } from "../../../src/project/auto/stages.ts";
import { openState, saveState } from "../../../src/project/auto/state.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-auto-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const request = (more: object = {}) => autoRequest.parse({ data: join(folder, "photos"), outdir: folder, ...more });

describe("klish auto", () => {
  it("spends the hours that it is given on its two trainings", () => {
    const hours = stages.map((stage) => stage.hours(request({ hours: 8 })));
    expect(hours.reduce((sum, h) => sum + h, 0)).toBe(8);
    expect(stages.filter((_, i) => hours[i] > 0).map(({ name }) => name)).toEqual(["generator", "segmenter"]);
  });

  it("continues what it began, and refuses other settings in the same folder", async () => {
    const state = await openState(folder, request({ hours: 3, command: "klish auto --hours 3" }));
    expect(state.stages).toEqual({});
    const result = { facts: [["photos", "12"] as [string, string]], pictures: [], warnings: [], seconds: 1 };
    await saveState(folder, { ...state, stages: { photos: result } });
    expect((await openState(folder, request({ hours: 3 }))).stages).toEqual({ photos: result });
    await expect(openState(folder, request({ hours: 4 }))).rejects.toThrow(
      `${folder} was started with hours 3, not 4. Continue it with the command that began it, or choose a new --outdir: klish auto --hours 3`,
    );
  });

  it("writes nothing where there are no photos", async () => {
    const outdir = join(folder, "out");
    await expect(autoJob({ data: folder, outdir })).rejects.toThrow("holds no pictures");
    expect(await readdir(folder)).toEqual([]);
  });

  it("its page shows what is done, with words from files as words", async () => {
    const state = await openState(folder, request({ command: "klish auto --data '<img src=x onerror=alert(1)>'" }));
    await writeFile(
      join(folder, "sheet.png"),
      await sharp({ create: { width: 20, height: 10, channels: 3, background: "red" } })
        .png()
        .toBuffer(),
    );
    const page = await autoPage(
      folder,
      {
        ...state,
        stages: {
          photos: {
            ...{ facts: [["name", "</dd><script>1</script>"]], pictures: ["sheet.png"] },
            ...{ warnings: ["few & far"], seconds: 2 },
          },
        },
      },
      stages,
    );
    expect(page).not.toMatch(/<script|<img src=x/);
    expect(page).toContain("few &#38; far");
    expect(page).toContain('<img alt="Your photos" width="20" height="10" src="data:image/jpeg;base64,');
    expect(page.match(/Not done yet/g)).toHaveLength(stages.length - 1);
  });

  it.each([
    ["hours for the photos' own side", null, { 64: 30 }, 64],
    ["hours for half of it", null, { 64: 10, 32: 40 }, 32],
    ["hours for nothing", null, { 64: 1, 32: 4 }, 32],
    ["photos that are large", null, { 128: 3, 64: 10, 32: 26 }, 32],
    ["a side that was asked for", 64, { 64: 1 }, 64],
    ["the side of the one that it begins with", "portraits", { 64: 1 }, 64],
  ] as [string, number | string | null, Record<number, number>, number][])(
    "plans a generator for %s",
    async (_, given, kimg, expected) => {
      const choice = typeof given === "string" ? { start: given } : { resolution: given };
      const asked = generatorRequest(request(choice), join(folder, "generator"), 1);
      const planOf = async ({ resolution }: typeof asked) => {
        const side = resolution ?? Math.max(...Object.keys(kimg).map(Number));
        return {
          settings: { recipe: { resolution: side } },
          stages: [{ kimg: 50 }, { kimg: kimg[side] }],
        };
      };
      const { settings } = await planGenerator(asked, planOf);
      expect(settings.recipe.resolution).toBe(expected);
    },
  );
});
