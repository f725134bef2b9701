/** Data sets in Chromium: one that is paused and goes on, and photos' masks in every format. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jobs } from "../../src/project/jobs/jobs.ts";
import { runJob } from "../../src/project/jobs/runJob.ts";
import { photosOf } from "../project/segment/photos.ts";
import { writeTinySegmenter } from "../project/segment/tinySegmenter.ts";
import { built, hasChromium, launch } from "../site.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";
import { openStudioPage } from "./studioPage.ts";

if (!hasChromium) console.warn("studio/dataset.browser.test: skipped, there is no Chromium");

/** Enough that it can be paused on its way. */
const PICTURES = 3000;

describe.skipIf(!hasChromium)("data sets in the studio", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-dataset-"));
    const inside = (name: string): string => join(folder, name);
    await writeFile(inside("tiny.onnx"), tinyGenerator());
    const cpu = { provider: "cpu", threads: 1 } as const;
    const clustering = { network: inside("tiny.onnx"), outdir: inside("run"), images: 8, initialClusters: 6 };
    await jobs.cluster({ ...clustering, ...cpu });
    await photosOf(inside("photos"), 3);
    await writeTinySegmenter(folder);
    const masks = {
      model: { file: inside("segmenter.safetensors") },
      images: inside("photos"),
      outdir: inside("masks"),
    };
    await jobs.segment({ ...masks, threads: 1 });
    // Jobs in threads of their own, as in use: a data set would let no page be served meanwhile.
    studio = await openStudio(folder, { page: built.studio, run: runJob });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("a data set is paused without loss, goes on, and holds each picture once", async () => {
    const { page, problems } = await openStudioPage(browser, studio);
    page.setDefaultTimeout(120_000);
    await page.evaluate("location.hash = '#screen=dataset&at=run'");
    await page.getByLabel("Pictures to look at").fill(String(PICTURES));
    await page.getByRole("button", { name: "Make the data set" }).click();
    const job = page.locator(".job").filter({ hasText: "run-data" }).first();
    await job.getByText("running: make the dataset").waitFor();
    await job.getByRole("button", { name: "Pause" }).click();
    await page.waitForSelector('.job[data-state="paused"]');
    const listed = async (): Promise<number[]> => {
      const lines = (await readFile(join(folder, "run-data", "manifest.jsonl"), "utf8").catch(() => "")).trim();
      return lines === "" ? [] : lines.split("\n").map((line) => JSON.parse(line).seed);
    };
    const before = await listed();
    expect(before.length).toBeLessThan(PICTURES);
    await job.getByRole("button", { name: "Continue" }).click();
    await page.waitForSelector('.job[data-state="done"]');
    const after = await listed();
    expect(after.slice(0, before.length)).toEqual(before);
    expect(after.toSorted((a, b) => a - b)).toEqual([...Array(PICTURES).keys()]);
    await job.getByRole("link", { name: "Open" }).click();
    await page.getByRole("button", { name: "Export" }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it("photos' masks are exported from their page in every format that it names", async () => {
    const { page, problems } = await openStudioPage(browser, studio);
    page.setDefaultTimeout(120_000);
    await page.evaluate("location.hash = '#screen=dataset&at=masks'");
    const options = page.getByLabel("Also as").locator("option");
    await options.first().waitFor({ state: "attached" });
    const formats = await options.allTextContents();
    expect(formats).toContain("coco");
    for (const format of formats) {
      await page.getByLabel("Also as").selectOption(format);
      await page.getByRole("button", { name: "Export" }).click();
      const name = `masks-${format}`;
      await page.locator('.job[data-state="done"]').filter({ hasText: name }).waitFor();
      expect((await readdir(join(folder, name))).length).toBeGreaterThan(1);
    }
    expect(problems).toEqual([]);
    await page.close();
  });
});
