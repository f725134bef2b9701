/** The studio's page on a real server, in Chromium: what people do there, by keys and by pointer, and what axe finds. */
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { decodePng, encodePng } from "../../src/dataset/png.ts";
import { labelledProject } from "../project/dataset/project.ts";
import { axeFindings, built, hasChromium, launch, looks, problemsOf, tabTo } from "../site.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";

/** A training that has logged two lines, with a sheet after each. */
async function ganRun(at: string): Promise<void> {
  await mkdir(join(at, "samples"), { recursive: true });
  await writeFile(join(at, "settings.json"), JSON.stringify({ klish: "gan-training", command: "klish train gan" }));
  const line = (images: number, lossD: number) => `${JSON.stringify({ images, lossD })}\n`;
  await writeFile(join(at, "log.jsonl"), line(10_000, 1.5) + line(20_000, 1.4));
  const sheet = encodePng({ width: 8, height: 8, data: new Uint8Array(192).fill(90) });
  for (const kimg of ["000010", "000020"]) await writeFile(join(at, "samples", `kimg-${kimg}.png`), sheet);
}

if (!hasChromium) console.warn("studio/page.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("the studio's page", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;
  let problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-page-"));
    await labelledProject(folder).then((project) => rm(join(project, "labels.json")));
    await ganRun(join(folder, "gan"));
    studio = await openStudio(folder, { page: built.studio });
    browser = await launch();
  }, 120_000);
  beforeEach(() => {
    problems = [];
  });
  afterAll(async () => {
    await browser?.close();
    await studio?.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Look {
    readonly width?: number;
    readonly colorScheme?: "light" | "dark";
    /** Axe is a script that the page's own policy does not let in. */
    readonly bypassCSP?: boolean;
  }
  const open = async (hash: string, { width = 1440, colorScheme = "light", bypassCSP = false }: Look = {}) => {
    const page = await browser.newPage({
      ...{ viewport: { width, height: 900 }, colorScheme, bypassCSP, reducedMotion: "reduce" },
    });
    problemsOf(page, { url: studio.origin }, problems);
    await page.goto(studio.url);
    await page.waitForSelector("html[data-studio]");
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    return page;
  };
  /** The names that stand in the list, read at once: a field that goes meanwhile would be waited for. */
  const names = async (page: Page): Promise<string[]> =>
    (await page.evaluate("[...document.querySelectorAll('.name-field')].map(({ value }) => value)")) as string[];
  const saved = async () => JSON.parse(await readFile(join(folder, "run", "labels.json"), "utf8")).labels;

  it("names parts by keys alone, stored at once; the same name merges, and undo and redo go back and forth", async () => {
    const page = await open("#screen=parts&at=run&k=5");
    await page.waitForSelector("html[data-ready]");
    await tabTo(page, ".name-field");
    for (const name of ["sky", "ground", "tree", "sky", "path"]) {
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
    }
    // The second "sky" joined the first.
    await expect.poll(async () => (await names(page)).sort()).toEqual(["ground", "path", "sky", "tree"]);
    await expect
      .poll(async () => (await saved()).classes.map((c: { name: string }) => c.name).sort())
      .toEqual(["ground", "path", "sky", "tree"]);
    const { k, classes } = await saved();
    expect(k).toBe(5);
    expect(classes.find((c: { name: string }) => c.name === "sky").clusters.length).toBe(2);
    await page.keyboard.press("Control+z");
    await expect.poll(async () => (await names(page)).includes("path")).toBe(false);
    await page.keyboard.press("Control+Shift+z");
    await expect.poll(async () => (await names(page)).includes("path")).toBe(true);
    expect((await saved()).classes.length).toBe(4);
    // Names go with their pixels to another K.
    await page.locator("#k").press("ArrowRight");
    await expect.poll(() => page.locator(".k-number").textContent()).toBe("6");
    await expect.poll(async () => (await names(page)).filter((name) => name !== "").length).toBeGreaterThan(2);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("merges, ignores and splits from a part's menu, and tells other tabs", async () => {
    const other = await open("#screen=parts&at=run");
    const page = await open("#screen=parts&at=run&k=5");
    await page.waitForSelector("html[data-ready]");
    await expect.poll(async () => (await names(page)).includes("tree")).toBe(true);
    const choose = async (name: string, item: string): Promise<void> => {
      await page.getByRole("button", { name: `More for ${name}` }).click();
      await page.getByRole("menuitem", { name: item }).click();
    };
    await choose("ground", "Split into left and right");
    await expect
      .poll(async () => (await saved()).classes.find((c: { name: string }) => c.name === "ground").split)
      .toEqual({ kind: "left-right" });
    await choose("path", "Ignore in masks");
    await expect.poll(async () => (await saved()).ignored.length).toBe(1);
    await expect.poll(async () => (await names(other)).includes("path")).toBe(false);
    await page.getByRole("button", { name: "More for tree" }).click();
    await page.getByRole("menuitem", { name: "Merge into…" }).click();
    await page.getByRole("menuitem", { name: "sky" }).click();
    await expect.poll(async () => (await names(other)).includes("tree")).toBe(false);
    expect((await saved()).classes.length).toBe(2);
    expect(problems).toEqual([]);
    await page.close();
    await other.close();
  });

  it("shows a project whose parts are not found yet, without asking for them", async () => {
    await mkdir(join(folder, "half"));
    const file = JSON.parse(await readFile(join(folder, "run", "project.json"), "utf8"));
    await writeFile(join(folder, "half", "project.json"), JSON.stringify({ ...file, complete: false }));
    const page = await open("#screen=parts&at=half");
    await expect.poll(() => page.locator("main .summary").textContent()).toBe("The parts are not found yet.");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("makes a small data set by keys alone, and shows it", async () => {
    const page = await open("#screen=parts&at=run");
    await page.waitForSelector("html[data-ready]");
    await tabTo(page, ".label-foot a.primary");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".sheet");
    await tabTo(page, ".sheet input[type=number]");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("6");
    await page.keyboard.press("Enter");
    await page.waitForSelector('.job[data-state="done"]', { timeout: 60_000 });
    await tabTo(page, ".job-actions a");
    await page.keyboard.press("Enter");
    await expect.poll(() => page.locator(".samples figure").count()).toBe(6);
    expect(await page.locator("h1").textContent()).toBe("run-data");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("shows what filters would remove of a few pictures, before a data set is made", async () => {
    const page = await open("#screen=dataset&at=run");
    await page.getByRole("button", { name: "Preview 32 pictures" }).click();
    const told = page.locator(".lead");
    await expect.poll(() => told.textContent(), { timeout: 60_000 }).toContain("remove 0 of these 32 pictures");
    await page.getByLabel("Leave out uncertain pictures", { exact: true }).check();
    await page.getByLabel("Leave out uncertain pictures: share").fill("0");
    const figures = page.locator(".samples figure");
    const removed = page.locator(".samples figure.removed");
    await expect.poll(() => removed.count()).toBeGreaterThan(0);
    expect(await told.textContent()).toContain(`remove ${await removed.count()} of these 32 pictures`);
    // What is removed comes first, with the reason.
    expect(await figures.first().locator("figcaption").textContent()).toContain("too uncertain");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("takes photos, finds their masks, and saves one that was corrected with the brush", async () => {
    const page = await open("#screen=photos");
    const photo = await sharp({ create: { width: 48, height: 40, channels: 3, background: "#8899aa" } })
      .png()
      .toBuffer();
    await page.waitForSelector(".drop");
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Choose photos" }).click();
    // One that is none and one that is cut off keep the third from nothing.
    await (await chooser).setFiles([
      { name: "a text.jpg", mimeType: "image/jpeg", buffer: Buffer.from("no photo") },
      { name: "cut off.png", mimeType: "image/png", buffer: photo.subarray(0, photo.length - 30) },
      { name: "<b>me</b>.png", mimeType: "image/png", buffer: photo },
    ]);
    await page.waitForSelector('.job[data-state="done"]', { timeout: 100_000 });
    expect(await page.locator(".said-box").textContent()).toContain("a text.jpg is not a picture that can be read");
    expect(await page.locator(".job .warning").textContent()).toContain("cut_off.png: ");
    await page.getByRole("link", { name: "Open" }).click();
    await expect.poll(() => page.locator(".samples figure").count()).toBe(1);
    const [at, name] = await Promise.all([
      page.locator("h1").textContent(),
      page.locator(".samples .stack > img").first().getAttribute("alt"),
    ]);
    const file = join(folder, `${at}`, "masks", `${name}.png`);
    const before = decodePng(await readFile(file)).data;
    await page.getByRole("button", { name: "Correct" }).click();
    const mask = page.getByRole("application");
    await mask.waitFor();
    // A part that the mask has nothing of yet.
    await page.getByRole("row").last().click();
    const box = (await mask.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.5, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForSelector(".dialog", { state: "detached" });
    const after = decodePng(await readFile(file)).data;
    expect(after.length).toBe(before.length);
    expect(after).not.toEqual(before);
    // Chromium itself tells of the answer to the text.
    expect(problems).toEqual([expect.stringContaining("status of 400")]);
    await page.close();
  });

  it("draws a training's curves, follows its log, and shows its samples over time", async () => {
    const page = await open("#screen=runs&at=gan");
    await expect.poll(() => page.locator(".curve .now").textContent()).toBe("1.4");
    expect(await page.locator(".curve canvas").count()).toBe(1);
    await page.locator(".sheet-slider input").focus();
    await page.keyboard.press("Home");
    expect(await page.locator(".sample-sheets img").first().getAttribute("src")).toContain("kimg-000010");
    await appendFile(join(folder, "gan", "log.jsonl"), `${JSON.stringify({ images: 30_000, lossD: 1.25 })}\n`);
    await expect.poll(() => page.locator(".curve .now").textContent(), { timeout: 20_000 }).toBe("1.25");
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each(looks)("gives axe nothing to find, %s, %i px wide", async (colorScheme, width) => {
    const page = await open("#screen=begin", { colorScheme, width, bypassCSP: true });
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.evaluate("location.hash = '#screen=parts&at=run'");
    await page.waitForSelector("html[data-ready]");
    await page.getByRole("button", { name: "Details" }).click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page
      .getByRole("button", { name: /^More for/ })
      .first()
      .click();
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    for (const [hash, shown] of [
      ["#screen=dataset&at=run", ".sheet"],
      ["#screen=dataset&at=run-data", ".samples"],
      ["#screen=photos", ".drop"],
      ["#screen=runs&at=gan", ".curve"],
    ]) {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.waitForSelector(shown);
      expect(await axeFindings(page)).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    }
    await page.close();
  });
});
