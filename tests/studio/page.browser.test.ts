/** The studio's page on a real server, in Chromium: what people do there, by keys and by pointer, and what axe finds. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AxeResults } from "axe-core";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { labelledProject } from "../project/dataset/project.ts";
import { type OpenedStudio, openStudio } from "./openStudio.ts";

/** Debian's package `chromium`. */
const CHROMIUM = "/usr/bin/chromium";
const ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

if (!existsSync(CHROMIUM)) console.warn(`studio/page.browser.test: skipped, there is no ${CHROMIUM}`);

describe.skipIf(!existsSync(CHROMIUM))("the studio's page", () => {
  let folder: string;
  let browser: Browser;
  let studio: OpenedStudio;
  let problems: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-studio-page-"));
    const page = join(folder, "page");
    const root = fileURLToPath(new URL("../../web/studio", import.meta.url));
    await build({ root, logLevel: "error", build: { outDir: page, emptyOutDir: true } });
    await labelledProject(join(folder)).then((project) => rm(join(project, "labels.json")));
    studio = await openStudio(folder, { page });
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGS });
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
    page.on("console", (message) => problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(error.message));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(studio.origin) && !/^(data|blob):/.test(url)) problems.push(`asked for ${url}`);
    });
    await page.goto(studio.url);
    await page.waitForSelector("html[data-studio]");
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    return page;
  };
  const findings = async (page: Page): Promise<string[]> => {
    await page.addScriptTag({ path: AXE });
    const { violations } = (await page.evaluate(
      "axe.run({ rules: { 'target-size': { enabled: true } } })",
    )) as AxeResults;
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  };
  /** The names that stand in the list. */
  const names = async (page: Page): Promise<string[]> =>
    Promise.all((await page.locator(".name-field").all()).map((field) => field.inputValue()));
  const saved = async () => JSON.parse(await readFile(join(folder, "run", "labels.json"), "utf8")).labels;
  /** Presses Tab until what the selector names has the focus, as somebody without a pointer does. */
  const tabTo = async (page: Page, selector: string): Promise<void> => {
    for (let presses = 0; presses < 120; presses++) {
      if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`Tab never comes to ${selector}`);
  };

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

  it.each([
    ["light", 1440],
    ["light", 390],
    ["dark", 1440],
    ["dark", 390],
  ] as const)("gives axe nothing to find, %s, %i px wide", async (colorScheme, width) => {
    const page = await open("#screen=begin", { colorScheme, width, bypassCSP: true });
    expect(await findings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.evaluate("location.hash = '#screen=parts&at=run'");
    await page.waitForSelector("html[data-ready]");
    await page.getByRole("button", { name: "Details" }).click();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page
      .getByRole("button", { name: /^More for/ })
      .first()
      .click();
    expect(await findings(page)).toEqual([]);
    await page.close();
  });
});
