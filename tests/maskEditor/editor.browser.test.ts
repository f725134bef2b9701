import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axeFindings, hasChromium, launch, problemsOf, type Site, serve } from "../site.ts";
import { buildEditorPage } from "./page.ts";

const SIDE = 64;

if (!hasChromium) console.warn("editor.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("the mask editor in Chromium", () => {
  let folder: string;
  let browser: Browser;
  let site: Site;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-mask-editor-"));
    await buildEditorPage(folder, SIDE);
    site = await serve(folder);
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: Parameters<Browser["newPage"]>[0] = {}): Promise<{ page: Page; problems: string[] }> => {
    const page = await browser.newPage({ viewport: { width: 1000, height: 900 }, ...options });
    const problems = problemsOf(page, site);
    await page.goto(site.url);
    await page.getByRole("application").waitFor();
    return { page, problems };
  };
  /** How many pixels of the mask have each label. */
  const counts = async (page: Page): Promise<number[]> =>
    (await page.evaluate(
      "[0, 1, 2].map((label) => window.editor.edit.data.reduce((sum, other) => sum + (other === label), 0))",
    )) as number[];
  /** The label under a place that is given as parts of the mask's sides. */
  const labelAt = async (page: Page, x: number, y: number): Promise<number> =>
    Number(await page.evaluate(`window.editor.edit.data[${Math.floor(y * SIDE) * SIDE + Math.floor(x * SIDE)}]`));
  /** The colour that the canvas shows there. */
  const colorAt = async (page: Page, x: number, y: number): Promise<string> =>
    String(
      await page.evaluate(`(async () => {
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const canvas = document.querySelector(".mask-field canvas");
        const copy = new OffscreenCanvas(1, 1).getContext("2d");
        copy.drawImage(canvas, -Math.floor(${x} * canvas.width), -Math.floor(${y} * canvas.height));
        return [...copy.getImageData(0, 0, 1, 1).data].join();
      })()`),
    );
  const field = async (page: Page): Promise<{ x: number; y: number; width: number; height: number }> =>
    (await page.getByRole("application").boundingBox())!;
  const drag = async (page: Page, ...path: [number, number][]): Promise<void> => {
    const box = await field(page);
    for (const [i, [x, y]] of path.entries()) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: 4 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  };

  it("paints where the pointer goes, shows it, and undoes and redoes the stroke", async () => {
    const { page, problems } = await open();
    await drag(page, [0.2, 0.5], [0.8, 0.5]);
    expect(await labelAt(page, 0.5, 0.5)).toBe(1);
    expect(await labelAt(page, 0.5, 0.1)).toBe(0);
    expect(await colorAt(page, 0.5, 0.5)).toBe("121,180,232,255");
    expect(await colorAt(page, 0.5, 0.1)).toBe("107,79,42,255");
    const painted = await counts(page);
    await page.getByRole("button", { name: "Undo" }).click();
    expect(await counts(page)).toEqual([SIDE * SIDE, 0, 0]);
    expect(await colorAt(page, 0.5, 0.5)).toBe("107,79,42,255");
    await page.keyboard.press("Control+Shift+Z");
    expect(await counts(page)).toEqual(painted);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("fills, encircles and moves parts chosen in the palette, whose names are text", async () => {
    const { page, problems } = await open();
    await page.getByRole("row", { name: "<b>tree</b>" }).click();
    await page.getByRole("radio", { name: "Lasso" }).click();
    await drag(page, [0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.1, 0.4]);
    expect(await labelAt(page, 0.25, 0.25)).toBe(2);
    const [, , size] = await counts(page);
    await page.getByRole("radio", { name: "Move" }).click();
    await drag(page, [0.25, 0.25], [0.75, 0.75]);
    expect([await labelAt(page, 0.25, 0.25), await labelAt(page, 0.75, 0.75)]).toEqual([0, 2]);
    expect((await counts(page))[2]).toBe(size);
    await page.getByRole("button", { name: "Larger" }).click();
    expect((await counts(page))[2]).toBeGreaterThan(size);
    await page.getByRole("button", { name: "Remove" }).click();
    expect((await counts(page))[2]).toBe(0);
    await page.getByRole("row", { name: "sky" }).click();
    await page.getByRole("radio", { name: "Fill" }).click();
    await drag(page, [0.5, 0.5]);
    expect(await counts(page)).toEqual([0, SIDE * SIDE, 0]);
    await page.getByRole("button", { name: "Lock sky" }).click();
    await page.getByRole("radio", { name: "Eraser" }).click();
    await drag(page, [0.2, 0.5], [0.8, 0.5]);
    expect(await counts(page)).toEqual([0, SIDE * SIDE, 0]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("paints by keys alone, and shows them all", async () => {
    const { page, problems } = await open();
    for (let i = 0; i < 20 && (await page.evaluate("document.activeElement.role")) !== "application"; i++)
      await page.keyboard.press("Tab");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Space");
    for (let i = 0; i < 8; i++) await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Space");
    expect((await counts(page))[1]).toBeGreaterThan(20);
    await page.keyboard.press("Control+Z");
    expect((await counts(page))[1]).toBe(0);
    await page.keyboard.press("F");
    await page.keyboard.press("3");
    await page.keyboard.press("Enter");
    expect(await counts(page)).toEqual([0, 0, SIDE * SIDE]);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys of the mask editor" }).waitFor();
    expect(await page.getByRole("dialog").getByText("Undo a stroke").isVisible()).toBe(true);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(problems).toEqual([]);
    await page.close();
  });

  it("zooms at the pointer by Ctrl and the wheel, and paints what is under it then", async () => {
    const { page, problems } = await open();
    const box = await field(page);
    const whole = await page.evaluate("window.editor.state.getState().view");
    await page.mouse.move(box.x + box.width / 4, box.y + box.height / 4);
    await page.keyboard.down("Control");
    await page.mouse.wheel(0, -400);
    await page.keyboard.up("Control");
    await drag(page, [0.25, 0.25]);
    expect(await labelAt(page, 0.25, 0.25)).toBe(1);
    expect(await labelAt(page, 0.4, 0.25)).toBe(0);
    await page.mouse.move(box.x + 200, box.y + 200);
    await page.mouse.down({ button: "middle" });
    await page.mouse.move(box.x + 230, box.y + 200);
    await page.mouse.up({ button: "middle" });
    const view = (await page.evaluate("window.editor.state.getState().view")) as { scale: number; left: number };
    expect(view.scale).toBeGreaterThan(box.width / SIDE);
    await page.getByRole("button", { name: "Show all" }).click();
    expect(await page.evaluate("window.editor.state.getState().view")).toEqual(whole);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("draws with one finger; a second takes the stroke back and zooms", async () => {
    const { page, problems } = await open({ viewport: { width: 390, height: 800 }, hasTouch: true });
    const box = await field(page);
    const client = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...points: [number, number][]): Promise<unknown> =>
      client.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: points.map(([x, y], id) => ({ x: box.x + x * box.width, y: box.y + y * box.height, id })),
      });
    await touch("touchStart", [0.2, 0.2]);
    await touch("touchMove", [0.6, 0.2]);
    await touch("touchEnd");
    const [, painted] = await counts(page);
    expect(painted).toBeGreaterThan(50);
    await touch("touchStart", [0.4, 0.6]);
    await touch("touchMove", [0.45, 0.6]);
    await touch("touchStart", [0.45, 0.6], [0.6, 0.6]);
    await touch("touchMove", [0.3, 0.6], [0.8, 0.6]);
    await touch("touchEnd");
    expect((await counts(page))[1]).toBe(painted);
    expect(await page.evaluate("window.editor.state.getState().view.scale")).toBeGreaterThan((2 * box.width) / SIDE);
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each([
    ["light", 1440],
    ["dark", 390],
  ] as const)("gives axe nothing to find, %s, %i px wide", async (colorScheme, width) => {
    const { page } = await open({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    expect(await axeFindings(page)).toEqual([]);
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "All keys" }).click();
    await page.getByRole("dialog").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.close();
  });
});
