/** Classes that are taught, on a real server, in Chromium: from the door to masks of all pictures. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tanh } from "../../src/graph/ops/index.ts";
import { openParts } from "../../src/project/labels/parts.ts";
import { axeFindings, built, hasChromium, launch } from "../site.ts";
import { tinyGenerator } from "../tinyGenerator.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";
import { openStudioPage, type StudioPage } from "./studioPage.ts";

if (!hasChromium) console.warn("studio/teach.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("classes that are taught in the studio", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-teach-"));
    await writeFile(join(folder, "tiny.onnx"), tinyGenerator());
    await writeFile(join(folder, "conditional.onnx"), tinyGenerator(tanh, 3));
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
    // An ONNX file is tried in a process of its own: seconds, and more where the machine is busy.
    page.setDefaultTimeout(100_000);
    return { page, problems };
  };
  const actions = async (): Promise<{ type: string; seed?: number; class?: number | null }[]> =>
    JSON.parse(await readFile(join(folder, "taught", "teach.json"), "utf8")).history.actions;
  const film = (page: Page): Promise<unknown> =>
    page.evaluate(`[...document.querySelectorAll(".stroke-film canvas")].map((one) => one.toDataURL()).join()`);

  it("are of one class of a conditional generator, which its door asks for", async () => {
    const { page, problems } = await open();
    const door = page.locator(".door").filter({ hasText: "Parts that you teach" });
    await door.getByLabel("File or address").fill("conditional.onnx");
    await page.keyboard.press("Enter");
    const refused = page.locator(".job .warning");
    await refused.waitFor();
    expect(await refused.textContent()).toBe(
      "the generator is conditional: choose one of its classes 0 to 2 with --class",
    );
    await page.getByRole("button", { name: "Clear" }).click();
    await door.getByLabel("Class").fill("2");
    await page.keyboard.press("Enter");
    await page.waitForSelector('.job[data-state="done"]');
    const at = await page.locator('.job[data-state="done"] .at').first().textContent();
    expect(JSON.parse(await readFile(join(folder, `${at}`, "teach.json"), "utf8")).settings.class).toBe(2);
    await page.getByRole("button", { name: "Clear" }).click();
    await page.waitForSelector(".job", { state: "detached" });
    await rm(join(folder, `${at}`), { recursive: true });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("are named, painted by pointer and by keys, and every picture follows; what was done is undone", async () => {
    const { page, problems } = await open();
    const door = page.locator(".door").filter({ hasText: "Parts that you teach" });
    await door.getByLabel("File or address").fill("tiny.onnx");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "Open" }).click();
    await page.getByLabel("New class").focus();
    for (const name of ["sky", "ground"]) {
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
    }
    // The class that was added last is the brush's.
    const mask = page.getByRole("application");
    await page.locator("[role=row][aria-selected=true]", { hasText: "ground" }).waitFor();
    await page.getByText("Paint two classes").waitFor();
    const blank = await film(page);
    const box = (await mask.boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.7);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.7, { steps: 4 });
    await page.mouse.up();
    await page.getByText("1 stroke,").waitFor();
    await expect.poll(() => film(page), { timeout: 60_000 }).not.toBe(blank);
    const before = await film(page);
    // By keys: the first class, up to the sky, pen down, a stroke, pen up.
    await mask.focus();
    await page.keyboard.press("1");
    for (let up = 0; up < 3; up++) await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Space");
    for (let right = 0; right < 2; right++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    await page.getByText("2 strokes,").waitFor();
    await page.getByText("Good enough?").waitFor();
    await expect.poll(() => film(page), { timeout: 60_000 }).not.toBe(before);
    expect((await actions()).map(({ type, class: of }) => [type, of])).toEqual([
      ["add", undefined],
      ["add", undefined],
      ["stroke", 1],
      ["stroke", 0],
    ]);
    // A folder of which data sets are made.
    await expect
      .poll(async () => (await openParts(join(folder, "taught")).catch(() => undefined))?.cuts?.initialClusters)
      .toBe(2);
    await page.keyboard.press("Control+z");
    await page.getByText("1 stroke,").waitFor();
    await expect.poll(() => film(page), { timeout: 60_000 }).toBe(before);
    await page.keyboard.press("Control+Shift+z");
    await page.getByText("Good enough?").waitFor();
    await page.getByText("Rename, recolour").click();
    await page.getByLabel("Name of sky").fill("air");
    await page.keyboard.press("Enter");
    await page.getByRole("row", { name: "air" }).waitFor();
    await page.getByRole("link", { name: "Make a data set of it" }).click();
    await page.getByRole("button", { name: "Make the data set" }).waitFor();
    await page.getByRole("checkbox", { name: "air" }).waitFor();
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each([
    ["light", 1440],
    ["dark", 390],
  ] as const)("give axe nothing to find, %s, %i px wide", async (colorScheme, width) => {
    const { page } = await open({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    await page.evaluate(`location.hash = "#screen=strokes&at=taught"`);
    await page.getByRole("application").waitFor();
    await page.getByText("Rename, recolour").click();
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.close();
  });
});
