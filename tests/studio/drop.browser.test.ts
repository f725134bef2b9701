/** Files that are dropped into the studio's page, by Chromium's own DataTransfer. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng } from "../../src/dataset/png.ts";
import { tinyPainterBytes } from "../models/painter/tinyPainter.ts";
import { built, dropFiles, hasChromium, launch, problemsOf } from "../site.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";

if (!hasChromium) console.warn("studio/drop.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("what is dropped into the studio", () => {
  let folder: string;
  let workspace: string;
  let browser: Browser;
  let studio: OpenedStudio;
  const given = (name: string): string => join(folder, "given", name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-drop-"));
    workspace = join(folder, "workspace");
    const run = join(workspace, "faces");
    await mkdir(run, { recursive: true });
    await writeFile(join(run, "settings.json"), '{"klish":"painter-training","command":"klish train painter"}');
    await writeFile(join(run, "painter.safetensors"), tinyPainterBytes());
    await mkdir(given("trip"), { recursive: true });
    const picture = sharp({ create: { width: 40, height: 30, channels: 3, background: "#8899aa" } });
    await writeFile(given("photo.jpg"), await picture.jpeg().toBuffer());
    await writeFile(given("trip/deep.png"), await picture.png().toBuffer());
    await writeFile(given("trip/.hidden"), "what a system keeps");
    await writeFile(given("notes.txt"), "no picture");
    await writeFile(given("mask.png"), encodePng({ width: 16, height: 16, data: new Uint8Array(256).fill(1) }));
    studio = await openStudio(workspace, { page: built.studio });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (screen: string): Promise<{ page: Page; problems: string[] }> => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
    page.setDefaultTimeout(100_000);
    const problems = problemsOf(page, { url: studio.origin });
    await page.goto(studio.url);
    await page.waitForSelector("html[data-studio]");
    await page.evaluate(`location.hash = "#screen=${screen}"`);
    return { page, problems };
  };
  /** Chromium tells of answers that are refusals, too. */
  const ofThePage = (problems: readonly string[]): string[] => problems.filter((text) => !/status of 400/.test(text));

  it("on Begin: photos and folders of them become the folder to train on, and what is none is told", async () => {
    const { page, problems } = await open("begin");
    await page.waitForSelector(".door .drop");
    await dropFiles(page, ".door .drop", [given("photo.jpg"), given("notes.txt"), given("trip")]);
    await expect.poll(() => page.getByLabel("Folder or .zip").inputValue(), { timeout: 60_000 }).toBe("photos");
    expect(await page.locator(".said-box").textContent()).toContain("notes.txt is not a picture that can be read");
    expect((await readdir(join(workspace, "photos"))).sort()).toEqual(["deep.png", "photo.jpg"]);
    // Beside its place a file would take the page away.
    await dropFiles(page, "h1", [given("photo.jpg")]);
    await page.waitForTimeout(300);
    expect(page.url()).toContain(studio.origin);
    expect(await page.getByLabel("Folder or .zip").inputValue()).toBe("photos");
    expect(ofThePage(problems)).toEqual([]);
    await page.close();
  });

  it("on Photos: a new folder each time, and a job that finds the masks; nothing is begun without a picture", async () => {
    const { page, problems } = await open("photos");
    await page.waitForSelector(".drop");
    await dropFiles(page, ".drop", [given("notes.txt")]);
    await page.locator(".said-box").getByText("notes.txt is not a picture that can be read").waitFor();
    expect(await page.locator(".job").count()).toBe(0);
    await dropFiles(page, ".drop", [given("photo.jpg")]);
    await page.locator(".jobs .job").waitFor();
    const { jobs } = await studio.call("jobs", {});
    const { images, outdir } = jobs[0].request as { readonly images: string; readonly outdir: string };
    expect(outdir).toBe(`${images}-masks`);
    // "photos" has those of the other drop.
    expect(images).toMatch(/^photos-\d$/);
    expect(await readdir(join(workspace, images))).toEqual(["photo.jpg"]);
    expect(ofThePage(problems)).toEqual([]);
    await page.close();
  });

  it("on Paint: a mask and the picture of a style, and a sentence for what is neither", async () => {
    const { page, problems } = await open("paint");
    await page.locator(".style").nth(3).waitFor();
    await dropFiles(page, ".paint-mask", [given("mask.png")]);
    await page.getByText("mask.png loaded").waitFor();
    await dropFiles(page, ".paint-mask", [given("notes.txt")]);
    await page.locator(".paint [role=alert]").waitFor();
    expect(await page.locator(".paint [role=alert]").textContent()).toMatch(/^notes\.txt: .*PNG/);
    await dropFiles(page, ".paint-styles", [given("photo.jpg")]);
    await page.getByRole("radio", { name: "photo.jpg" }).waitFor();
    await dropFiles(page, ".paint-styles", [given("notes.txt")]);
    await page.getByText("notes.txt: this is no picture that the browser can read").waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });
});
