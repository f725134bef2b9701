/** The pages that klish writes, as axe-core judges them: light and dark, on a desk and on a phone. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { autoRequest } from "../src/project/auto/options.ts";
import { autoPage } from "../src/project/auto/page.ts";
import { stages } from "../src/project/auto/stages.ts";
import { openState } from "../src/project/auto/state.ts";
import { datasetJob } from "../src/project/dataset/job.ts";
import { buildReport } from "../src/project/report/build.ts";
import { renderReport } from "../src/project/report/render.ts";
import { labelledProject } from "./project/dataset/project.ts";
import { syntheticImages, syntheticPoints } from "./project/report/synthetic.ts";
import { axeFindings, built, hasChromium, launch, looks } from "./site.ts";

if (!hasChromium) console.warn("pages.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("pages", () => {
  let folder: string;
  let browser: Browser;
  /** The page's file by its name. */
  const files = new Map<string, string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-pages-"));
    const template = await readFile(join(built.report, "template.html"), "utf8");
    const about = { title: "Parts of a GAN", summary: "A test.", command: "klish cluster", notes: ["Mind this."] };
    const facts = [{ label: "seeds", value: "0-3", note: "four" }];
    for (const [name, world] of [
      ["report of images", syntheticImages()],
      ["report of points", syntheticPoints()],
    ] as const) {
      const file = join(folder, `${name}.html`);
      await writeFile(file, renderReport(await buildReport({ ...about, facts, ...world }), template));
      files.set(name, file);
    }
    const project = await labelledProject(folder);
    const { overview } = await datasetJob(
      {
        ...{ projects: [project], recipes: [], outdir: join(folder, "set"), count: 12, firstSeed: 0, shard: null },
        ...{ resolution: null, imageFormat: "png", quality: 90, truncationPsi: null, ignoreMargin: 0 },
        ...{ filter: { maxUncertain: null, minForeground: null, require: [] }, split: { val: 0.2, test: 0 } },
        ...{ formats: [], network: null, provider: "cpu", threads: 1, command: "npx klish dataset" },
      },
      {},
    );
    files.set("overview of a data set", overview);
    const auto = await openState(folder, autoRequest.parse({ data: "photos", outdir: folder }));
    const photos = { facts: [["photos", "812"] as [string, string]], pictures: [], warnings: ["Few."], seconds: 1 };
    const autoFile = join(folder, "auto.html");
    await writeFile(autoFile, await autoPage(folder, { ...auto, stages: { photos } }, stages));
    files.set("page of klish auto", autoFile);
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (name: string, width: number, colorScheme: "light" | "dark"): Promise<Page> => {
    const page = await browser.newPage({
      ...{ viewport: { width, height: 900 }, colorScheme, reducedMotion: "reduce" },
      // The pages' own policy lets no script in, and so not axe.
      bypassCSP: true,
    });
    await page.goto(pathToFileURL(files.get(name)!).href);
    if (name.startsWith("report")) await page.waitForSelector("html[data-ready]");
    return page;
  };

  describe.each(["report of images", "report of points", "overview of a data set", "page of klish auto"])(
    "%s",
    (name) => {
      it.each(looks)("gives axe nothing to find, %s, %i px wide", async (scheme, width) => {
        const page = await open(name, width, scheme);
        expect(await axeFindings(page)).toEqual([]);
        if (name.startsWith("report")) {
          // At the other end of the merges as well, with the merge in sight.
          await page.locator("#k").press("Home");
          await page.locator("#merge").scrollIntoViewIfNeeded();
          await page.locator("#k").press("End");
          await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
          await page.getByRole("button", { name: "Details" }).click();
          if (name === "report of images") await page.getByRole("button", { name: "All" }).click();
          await expect.poll(() => page.locator(".board canvas").count()).toBeGreaterThan(0);
          expect(await axeFindings(page)).toEqual([]);
        }
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
        await page.close();
      });
    },
  );

  it("a report prints whole: the merge is drawn though nobody scrolled to it, and nothing is cut off", async () => {
    const page = await open("report of images", 1000, "light");
    await expect.poll(() => page.locator(".board canvas").count()).toBeGreaterThan(0);
    await page.emulateMedia({ media: "print" });
    await page.setViewportSize({ width: 720, height: 900 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(720);
    expect(
      await page.evaluate(
        "document.querySelector('.board-frame').scrollWidth <= document.querySelector('.board-frame').clientWidth",
      ),
    ).toBe(true);
    const pdf = await page.pdf({ format: "A4" });
    expect(pdf.subarray(0, 5).toString()).toBe("%PDF-");
    await page.close();
  });
});
