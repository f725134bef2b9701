/**
 * The whole story of the studio as it is installed, in Chromium: from `klish studio` on the shipped generator to parts with names, a data set
 * of them, and a picture that the shipped painter makes of a mask; once by keys alone, once by pointer. A clustering and a data set each: minutes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, hasChromium, launch, looks, problemsOf, tabTo } from "../site.ts";

const KLISH = resolve(import.meta.dirname, "../../dist/cli/main.js");

/** What the user types into the Begin screen: few pictures, and the layers that tell parts from places. */
const PICTURES = "12";
const LAYERS = "16+";
const NAMES = ["wall", "hair", "clothes", "hair", "face"];
const SAMPLES = 200;
const MINUTES = 60_000;

if (!hasChromium) console.warn("studio/story.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("the studio, from the shipped generator to a painted picture", () => {
  let home: string;
  let browser: Browser;
  const studios: ChildProcess[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "klish-story-"));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    for (const studio of studios) {
      studio.kill("SIGTERM");
      if (studio.exitCode === null) await once(studio, "exit");
    }
    await rm(home, { recursive: true, force: true });
  });

  /** `klish studio` in a process of its own, as it prints where it is. */
  const start = async (folder: string): Promise<string> => {
    const studio = spawn(process.execPath, [KLISH, "studio", folder, "--no-open", "--json"], {
      cwd: home,
      env: { ...process.env, KLISH_CACHE: join(home, "cache") },
      stdio: ["ignore", "pipe", "inherit"],
    });
    studios.push(studio);
    for await (const line of createInterface({ input: studio.stdout! })) return JSON.parse(line).url;
    throw new Error("klish studio ended");
  };
  const open = async (folder: string, bypassCSP: boolean): Promise<{ page: Page; problems: string[] }> => {
    const url = await start(folder);
    const page = await browser.newPage({
      ...{ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", bypassCSP },
    });
    const problems = problemsOf(page, { url: new URL(url).origin });
    await page.goto(url);
    await page.waitForSelector("html[data-studio]");
    return { page, problems };
  };
  /** The job on this place is done; says why where it is not. */
  const done = async (page: Page, at: string): Promise<void> => {
    const job = page.locator(".job", { has: page.getByText(at, { exact: true }) }).first();
    await expect
      .poll(() => job.getAttribute("data-state"), { timeout: 15 * MINUTES, interval: 500 })
      .toMatch(/done|failed/);
    expect(await job.locator(".warning").allTextContents()).toEqual([]);
  };
  const labelsOf = async (folder: string) =>
    JSON.parse(await readFile(join(home, folder, "parts", "labels.json"), "utf8")).labels;
  const names = async (page: Page): Promise<string[]> =>
    (
      (await page.evaluate("[...document.querySelectorAll('.name-field')].map(({ value }) => value)")) as string[]
    ).filter((name) => name !== "");
  /** Axe finds nothing in either theme, on a desk and on a phone, and nothing is wider than the page. */
  const inspect = async (page: Page): Promise<void> => {
    for (const [colorScheme, width] of looks) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      expect.soft(await axeFindings(page)).toEqual([]);
      expect.soft(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1440, height: 900 });
  };
  const painted = (page: Page): Promise<unknown> =>
    page.evaluate(`document.querySelector(".comparison canvas[role=img]").toDataURL()`);
  const settled = async (page: Page): Promise<void> => {
    await page
      .locator(".style")
      .nth(3)
      .waitFor({ timeout: 2 * MINUTES });
    await page.locator(".paint:not([data-busy])").waitFor({ timeout: 2 * MINUTES });
  };

  it(
    "by keys alone",
    async () => {
      const { page, problems } = await open("keys", false);
      const { keyboard } = page;
      await tabTo(page, ".door input[type=text]");
      await keyboard.type("portraits");
      // Past the class: it is not conditional.
      await keyboard.press("Tab");
      await keyboard.press("Tab");
      await keyboard.type(LAYERS);
      await keyboard.press("Tab");
      await keyboard.press("Control+a");
      await keyboard.type(PICTURES);
      await keyboard.press("Enter");
      await done(page, "parts");
      await tabTo(page, ".job-actions a");
      await keyboard.press("Enter");
      await page.waitForSelector("html[data-ready]");
      await tabTo(page, ".name-field");
      for (const name of NAMES) {
        await keyboard.type(name);
        await keyboard.press("Enter");
      }
      await expect.poll(async () => (await names(page)).sort()).toEqual(["clothes", "face", "hair", "wall"]);
      // The page shows a name at once; the file follows. The same name twice made one class of two clusters.
      await expect
        .poll(async () => (await labelsOf("keys")).classes)
        .toContainEqual(expect.objectContaining({ name: "hair", clusters: [expect.any(Number), expect.any(Number)] }));
      await tabTo(page, ".label-foot a.primary");
      await keyboard.press("Enter");
      await page.waitForSelector(".sheet");
      await tabTo(page, ".sheet input[type=number]");
      await keyboard.press("Control+a");
      await keyboard.type(String(SAMPLES));
      await keyboard.press("Enter");
      await done(page, "parts-data");
      await tabTo(page, ".job-actions a");
      await keyboard.press("Enter");
      await page.getByText(`${SAMPLES} pictures with masks of`).waitFor();
      await expect.poll(() => page.locator(".samples figure").count()).toBe(48);
      await tabTo(page, 'nav a[href*="paint"]');
      await keyboard.press("Enter");
      await settled(page);
      const before = await painted(page);
      await tabTo(page, "[role=application]");
      await keyboard.press("Enter");
      for (let steps = 0; steps < 8; steps++) await keyboard.press("ArrowRight");
      await keyboard.press("Enter");
      await settled(page);
      await expect.poll(() => painted(page), { timeout: MINUTES }).not.toBe(before);
      expect(problems).toEqual([]);
      await page.close();
    },
    30 * MINUTES,
  );

  it(
    "by pointer, and axe finds nothing on the way",
    async () => {
      const { page, problems } = await open("pointer", true);
      await inspect(page);
      const door = page.locator(".door").first();
      await door.getByLabel("File or address").fill("portraits");
      await door.getByLabel("Layers").fill(LAYERS);
      await door.getByLabel("Pictures to sample").fill(PICTURES);
      await door.getByRole("button", { name: "Find its parts" }).click();
      await done(page, "parts");
      await inspect(page);
      await page.getByRole("link", { name: "Open" }).click();
      await page.waitForSelector("html[data-ready]");
      // A part is shown alone by a click in the picture, and named.
      const canvas = page.locator("#tiles canvas").first();
      await canvas.click({ position: { x: 30, y: 30 } });
      await page.locator(".name-field:focus").waitFor();
      await page.keyboard.type("wall");
      await page.keyboard.press("Enter");
      await expect.poll(() => names(page)).toEqual(["wall"]);
      await page.getByRole("button", { name: "More for wall" }).click();
      await page.getByRole("menuitem", { name: "This is the background" }).click();
      await expect
        .poll(async () => (await labelsOf("pointer")).classes[0])
        .toMatchObject({
          ...{ name: "wall", background: true },
        });
      await page.getByRole("button", { name: "More for wall" }).click();
      await page.getByRole("menuitem", { name: /^Lock/ }).click();
      await expect.poll(async () => (await labelsOf("pointer")).classes[0].locked).toBe(true);
      await inspect(page);
      await page.getByRole("link", { name: "Make a data set" }).click();
      await page.getByLabel("Pictures to look at").fill(String(SAMPLES));
      await inspect(page);
      await page.getByRole("button", { name: "Make the data set" }).click();
      await done(page, "parts-data");
      await page.locator(".job").getByRole("link", { name: "Open" }).first().click();
      await expect.poll(() => page.locator(".samples figure").count()).toBe(48);
      await inspect(page);
      await page.getByRole("link", { name: "Paint", exact: true }).click();
      await settled(page);
      const before = await painted(page);
      const box = (await page.getByRole("application").boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.7, box.y + box.height * 0.5, { steps: 6 });
      await page.mouse.up();
      await expect.poll(() => painted(page), { timeout: MINUTES }).not.toBe(before);
      await inspect(page);
      await page.getByRole("link", { name: "Begin" }).click();
      // What was made is there, with a picture of each.
      await expect.poll(() => page.locator(".places img").count()).toBeGreaterThanOrEqual(2);
      await inspect(page);
      expect(problems).toEqual([]);
      await page.close();
    },
    30 * MINUTES,
  );
});
