import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng } from "../../../src/dataset/png.ts";
import { portraitOf } from "../../../src/portraits/render.ts";
import { checkJob } from "../../../src/project/dataset/check.ts";
import { openSource } from "../../../src/project/dataset/source.ts";
import { portraitsJob } from "../../../src/project/portraits/job.ts";
import type { PortraitsRequest } from "../../../src/project/portraits/options.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "klish-portraits-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (outdir: string, more: Partial<PortraitsRequest> = {}): PortraitsRequest => ({
  outdir: join(folder, outdir),
  count: 40,
  resolution: 16,
  firstSeed: 5,
  split: { val: 0.2, test: 0 },
  threads: 1,
  ...more,
});

describe("portraitsJob", { timeout: 90_000 }, () => {
  // One folder, test after test: starting threads is what takes time here.
  const asked = (): PortraitsRequest => request("portraits");

  it("writes exact images and masks that every layout's reader takes, and a preview", async () => {
    const summary = await portraitsJob({ ...asked(), threads: 2 }, {});
    expect(summary).toMatchObject({ portraits: 40, made: 40 });
    const { outdir } = asked();
    const expected = portraitOf(9, 16);
    const image = decodePng(await readFile(join(outdir, "images/portrait000009.png")));
    const mask = decodePng(await readFile(join(outdir, "masks/portrait000009.png")));
    expect(image.data).toEqual(expected.rgb);
    expect(mask).toMatchObject({ colorType: 3, width: 16 });
    expect(mask.data).toEqual(expected.labels.data);
    expect(decodePng(await readFile(summary.preview)).width).toBe(8 * 16);
    const source = await openSource([outdir], { fromFormat: null, recipe: null, name: "portraits" });
    expect(source.info).toMatchObject({ samples: 40, splits: ["train", "val"] });
    expect(source.info.classes.map((c) => c.name)).toContain("brows");
    expect((await checkJob({ folder: outdir, format: null, recipe: null }, {})).faults).toEqual([]);
  });

  it("makes only what is missing, with the same bytes", async () => {
    const { outdir } = asked();
    const image = join(outdir, "images/portrait000012.png");
    const before = await readFile(image);
    await rm(image);
    await rm(join(outdir, "masks/portrait000030.png"));
    await writeFile(join(outdir, "images/.klish-999999999-1-0123456789abcdef.tmp"), "half");
    const progress: string[] = [];
    const again = await portraitsJob(asked(), {
      onProgress: ({ done, total }) => progress.push(`${done}/${total}`),
    });
    expect(again.made).toBe(2);
    expect([progress.at(0), progress.at(-1)]).toEqual(["38/40", "40/40"]);
    expect(await readFile(image)).toEqual(before);
    expect((await readdir(join(outdir, "images"))).length).toBe(40);
  });

  it("grows, stops when told to, and goes on from there", async () => {
    const controller = new AbortController();
    const grown = { ...asked(), count: 140 };
    const stopped = portraitsJob(grown, {
      signal: controller.signal,
      onProgress: ({ done }) => done > 40 && controller.abort(new Error("enough")),
    });
    await expect(stopped).rejects.toThrow("enough");
    const { made } = await portraitsJob(grown, {});
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(100);
    expect((await readdir(join(grown.outdir, "masks"))).length).toBe(140);
  });

  it("refuses a folder of other portraits or of something else, and says why", async () => {
    const other = { ...asked(), count: 140, resolution: 32 };
    await expect(portraitsJob(other, {})).rejects.toThrow("resolution was 16, now 32");
    await expect(portraitsJob({ ...other, outdir: folder }, {})).rejects.toThrow("holds no portraits");
  });
});
