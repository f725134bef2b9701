/** The studio's Paint screen on a real server, in Chromium. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tinyPainterBytes } from "../models/painter/tinyPainter.ts";
import { axeFindings, built, hasChromium, launch, problemsOf } from "../site.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";
import { openStudioPage, type StudioPage } from "./studioPage.ts";

if (!hasChromium) console.warn("studio/paint.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("the studio's Paint screen", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-paint-"));
    const run = join(folder, "workspace", "faces");
    await mkdir(run, { recursive: true });
    const settings = { klish: "painter-training", command: "klish train painter" };
    await writeFile(join(run, "settings.json"), JSON.stringify(settings));
    await writeFile(join(run, "painter.safetensors"), tinyPainterBytes());
    studio = await openStudio(join(folder, "workspace"), { page: built.studio });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: Parameters<Browser["newPage"]>[0] = {}): Promise<StudioPage> => {
    const { page, problems } = await openStudioPage(browser, studio, options);
    await page.getByRole("link", { name: "Paint" }).click();
    await page.locator(".style").nth(3).waitFor();
    await page.locator(".paint:not([data-busy])").waitFor();
    return { page, problems };
  };
  const picture = (page: Page): Promise<unknown> =>
    page.evaluate(`document.querySelector(".comparison canvas[role=img]").toDataURL()`);

  it("offers the painter that comes with klish where a folder has none", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    const other = await openStudio(empty, { page: built.studio });
    const page = await browser.newPage();
    const problems = problemsOf(page, { url: other.origin });
    await page.goto(other.url);
    await page.getByRole("link", { name: "Paint" }).click();
    await page.getByRole("row", { name: "glasses" }).waitFor();
    await page.locator(".paint:not([data-busy])").waitFor();
    // Masks of drawn portraits, to begin with.
    expect(await page.locator(".scene").count()).toBe(8);
    expect(problems).toEqual([]);
    await page.close();
    await other.close();
  });

  it("paints on the server: the picture follows the stroke, its undoing, and the style of a picture", async () => {
    const { page, problems } = await open();
    const before = await picture(page);
    await page.getByRole("row", { name: "hat" }).click();
    const box = (await page.getByRole("application").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.8);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.8, { steps: 8 });
    await page.mouse.up();
    await expect.poll(() => picture(page)).not.toBe(before);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => picture(page)).toBe(before);
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Style of a picture…" }).click();
    await (await chooser).setFiles({
      ...{ name: "shot.png", mimeType: "image/png" },
      buffer: await page.screenshot(),
    });
    await expect.poll(() => page.getByRole("radio", { name: "shot.png" }).isChecked()).toBe(true);
    await expect.poll(() => picture(page)).not.toBe(before);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("writes the page that needs no studio", async () => {
    const { page, problems } = await open();
    await page.getByLabel("Heading").fill("Faces");
    expect(await page.getByLabel("Folder").inputValue()).toBe("faces-page");
    await page.getByRole("button", { name: "Write the page" }).click();
    await page.getByText("To see it here").waitFor();
    const written = JSON.parse(await readFile(join(folder, "workspace", "faces-page", "painter.json"), "utf8"));
    expect(written).toMatchObject({ klish: "paint-page", title: "Faces" });
    expect(await readdir(join(folder, "workspace", "faces-page"))).toContain("index.html");
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
