/** A training, from the Trainings screen, in Chromium: started, paused, continued, and ended. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../src/dataset/png.ts";
import { runJob } from "../../src/project/jobs/runJob.ts";
import { built, hasChromium, launch } from "../site.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";
import { openStudioPage } from "./studioPage.ts";

if (!hasChromium) console.warn("studio/training.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("a training in the studio", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-training-"));
    await mkdir(join(folder, "photos"));
    for (let n = 0; n < 12; n++) {
      const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (i * (n + 3) * 7) % 256);
      await writeFile(join(folder, "photos", `${n}.png`), encodePng({ width: 16, height: 16, data }));
    }
    // Jobs in threads of their own, as in use: a training would let no page be served meanwhile.
    studio = await openStudio(folder, { page: built.studio, run: runJob });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("is started from photos, paused without loss, continued from where it was, and ends with a generator", async () => {
    const { page, problems } = await openStudioPage(browser, studio);
    page.setDefaultTimeout(120_000);
    await page.evaluate("location.hash = '#screen=runs'");
    const door = page.locator(".door").filter({ hasText: "A generator" }).first();
    await door.getByLabel("Photos").fill("photos");
    await door.getByLabel("Hours of training").fill("0.01");
    await door.getByRole("button", { name: "Train" }).click();
    const job = page.locator(".job").first();
    await job.getByText("running: train").waitFor();
    await job.getByRole("button", { name: "Pause" }).click();
    await page.waitForSelector('.job[data-state="paused"]');
    const seen = async (): Promise<number> => {
      const lines = (await readFile(join(folder, "gan", "log.jsonl"), "utf8").catch(() => "")).trim().split("\n");
      return lines.at(-1) ? JSON.parse(lines.at(-1) as string).images : 0;
    };
    const before = await seen();
    await job.getByRole("button", { name: "Continue" }).click();
    await page.waitForSelector('.job[data-state="done"]');
    expect(await seen()).toBeGreaterThan(before);
    await job.getByRole("link", { name: "Open" }).click();
    await page.waitForSelector(".curve canvas");
    expect(await page.locator("h1").textContent()).toBe("gan");
    await page.getByRole("button", { name: "Find its parts" }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });
});
