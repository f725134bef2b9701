/** The studio's Strokes screen on a real server, in Chromium. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { labelledProject } from "../project/dataset/project.ts";
import { axeFindings, built, hasChromium, launch } from "../site.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";
import { openStudioPage, type StudioPage } from "./studioPage.ts";

if (!hasChromium) console.warn("studio/strokes.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("the studio's Strokes screen", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-strokes-"));
    await labelledProject(folder);
    studio = await openStudio(folder, { page: built.studio });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: Parameters<Browser["newPage"]>[0] = {}): Promise<StudioPage> => {
    const { page, problems } = await openStudioPage(browser, studio, options);
    await page.evaluate(`location.hash = "#screen=strokes&at=run"`);
    await page.getByRole("application").waitFor({ timeout: 120_000 });
    return { page, problems };
  };
  const film = (page: Page): Promise<unknown> =>
    page.evaluate(`[...document.querySelectorAll(".stroke-film canvas")].map((one) => one.toDataURL()).join()`);
  /** The labels' strokes, as the file has them. */
  const strokes = async (): Promise<{ seed: number; clusters: number[] | null }[]> =>
    JSON.parse(await readFile(join(folder, "run", "labels.json"), "utf8")).labels.strokes ?? [];
  const stroke = async (page: Page): Promise<void> => {
    const box = (await page.getByRole("application").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.3);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.3, { steps: 6 });
    await page.mouse.up();
  };

  it("keeps a stroke in the labels, the masks of other pictures follow, and undo and redo go over it", async () => {
    const { page, problems } = await open();
    await page.getByText("0 strokes").waitFor();
    await page.getByRole("button", { name: "Picture of seed 2" }).click();
    await page.getByRole("application").waitFor();
    const before = await film(page);
    await page.getByRole("row", { name: "part 4" }).click();
    await stroke(page);
    await page.getByText("1 stroke,").waitFor();
    await expect.poll(() => film(page), { timeout: 60_000 }).not.toBe(before);
    expect(await strokes()).toMatchObject([{ seed: 2, clusters: expect.any(Array) }]);
    await page.keyboard.press("Control+Z");
    await page.getByText("0 strokes").waitFor();
    await expect.poll(() => film(page), { timeout: 60_000 }).toBe(before);
    await page.getByRole("button", { name: "Redo" }).click();
    await page.getByText("1 stroke,").waitFor();
    await page.getByRole("radio", { name: "Eraser" }).click();
    await stroke(page);
    await page.getByText("2 strokes").waitFor();
    expect((await strokes())[1]).toMatchObject({ seed: 2, clusters: null });
    await expect.poll(() => film(page), { timeout: 60_000 }).toBe(before);
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each([
    ["light", 1440],
    ["dark", 390],
  ] as const)("gives axe nothing to find, %s, %i px wide", async (colorScheme, width) => {
    const { page } = await open({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.close();
  });
});
