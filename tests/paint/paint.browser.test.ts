import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePng, encodePng } from "../../src/dataset/png.ts";
import { painterSafetensors } from "../../src/models/painter/painterFile.ts";
import { exportPaintPage } from "../../src/project/paint/paintPage.ts";
import { tinyMask, tinyPainter } from "../models/painter/tinyPainter.ts";
import { axeFindings, built, hasChromium, launch, problemsOf, type Site, serve } from "../site.ts";

const SIDE = 16;
const TITLE = `Paint <b>"it"</b>`;

if (!hasChromium) console.warn("paint.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("the painter's page from a static host", () => {
  let folder: string;
  let browser: Browser;
  let site: Site;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-paint-"));
    const painter = tinyPainter();
    // A stranger's model: names are text.
    const classes = painter.about.classes.map((one, i) =>
      i === 2 ? { ...one, name: "<img src=x onerror=alert(1)>" } : one,
    );
    const model = join(folder, "tiny.safetensors");
    await writeFile(model, painterSafetensors({ ...painter, about: { ...painter.about, classes } }));
    const scene = encodePng({ width: SIDE, height: SIDE, data: tinyMask });
    await writeFile(
      join(folder, "empty.png"),
      encodePng({ width: SIDE, height: SIDE, data: new Uint8Array(SIDE * SIDE) }),
    );
    const scenes = await mkdtemp(join(folder, "scenes-"));
    await writeFile(join(scenes, "a face.png"), scene);
    await exportPaintPage({ model, outdir: join(folder, "site"), scenes, title: TITLE }, built.paint);
    site = await serve(join(folder, "site"));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = async (options: Parameters<Browser["newPage"]>[0] = {}): Promise<{ page: Page; problems: string[] }> => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, ...options });
    const problems = problemsOf(page, site);
    await page.goto(site.url);
    await settled(page);
    return { page, problems };
  };
  /** All styles are painted. */
  const settled = async (page: Page): Promise<void> => {
    await page.locator(".style").nth(3).waitFor({ timeout: 60_000 });
    await page.locator(".paint:not([data-busy])").waitFor({ timeout: 60_000 });
  };
  const picture = (page: Page, place = 0): Promise<unknown> =>
    page.evaluate(`document.querySelectorAll(".comparison canvas[role=img], .style canvas")[${place}].toDataURL()`);
  const stroke = async (page: Page): Promise<void> => {
    const box = (await page.getByRole("application").boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.8);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height * 0.8, { steps: 8 });
    await page.mouse.up();
  };

  it("paints a picture that follows the stroke and its undoing, in every style, without a request elsewhere or an error", async () => {
    const { page, problems } = await open();
    expect(await page.locator("h1").textContent()).toBe(TITLE);
    const before = [await picture(page, 0), await picture(page, 2)];
    expect(before[0]).not.toBe(before[1]);
    await page.getByRole("row", { name: "<img src=x onerror=alert(1)>" }).click();
    await stroke(page);
    await expect.poll(() => picture(page, 0)).not.toBe(before[0]);
    await expect.poll(() => picture(page, 2)).not.toBe(before[1]);
    await settled(page);
    await page.keyboard.press("Control+Z");
    await expect.poll(() => picture(page, 0)).toBe(before[0]);
    await expect.poll(() => picture(page, 2)).toBe(before[1]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("takes another style by seed and by picture, and compares with the picture from before", async () => {
    const { page, problems } = await open();
    const first = await picture(page);
    await page.getByText("Seed 1", { exact: true }).click();
    await settled(page);
    expect(await picture(page)).not.toBe(first);
    await page.getByLabel("Seed", { exact: true }).fill("77");
    await page.getByRole("button", { name: "Add a style" }).click();
    await page.getByText("Seed 77").waitFor();
    const data = Uint8Array.from({ length: 3 * 40 * 30 }, (_, i) => (i % 3 === 0 ? 240 : 20));
    const chooser = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Style of a picture…" }).click();
    await (await chooser).setFiles({
      ...{ name: "red.png", mimeType: "image/png" },
      buffer: Buffer.from(encodePng({ width: 40, height: 30, data })),
    });
    await page.getByRole("radio", { name: "red.png" }).waitFor();
    await settled(page);
    expect(await page.getByRole("radio", { name: "red.png" }).isChecked()).toBe(true);
    const red = await picture(page);
    await page.getByRole("button", { name: "Remove red.png" }).click();
    await settled(page);
    expect(await picture(page)).not.toBe(red);
    await page.getByLabel("Before").press("End");
    expect(await page.locator(".comparison-pictures canvas").nth(1).getAttribute("style")).toContain("0%");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("opens and saves masks and pictures, and says what is wrong with a file", async () => {
    const { page, problems } = await open();
    const openMask = async (name: string, bytes: Uint8Array): Promise<void> => {
      const chooser = page.waitForEvent("filechooser");
      await page.getByRole("button", { name: "Open a mask…" }).click();
      await (await chooser).setFiles({ name, mimeType: "image/png", buffer: Buffer.from(bytes) });
    };
    const saved = async (button: string): Promise<Uint8Array> => {
      const download = page.waitForEvent("download");
      await page.getByRole("button", { name: button, exact: true }).click();
      return readFile(await (await download).path());
    };
    expect([...decodePng(await saved("Save mask")).data]).toEqual([...tinyMask]);
    const mask = Uint8Array.from({ length: 64 }, (_, i) => i % 3);
    await openMask("mine.png", encodePng({ width: 8, height: 8, data: mask }));
    await page.getByText("mine.png loaded").waitFor();
    const index = decodePng(await saved("Save mask"));
    expect([index.width, index.data[0], index.data[2], index.data[4]]).toEqual([SIDE, 0, 1, 2]);
    const colours = decodePng(await saved("Save mask in colours"));
    expect([...colours.data.subarray(0, 9)]).toEqual([16, 16, 16, 16, 16, 16, 224, 192, 160]);
    expect(decodePng(await saved("Save picture"))).toMatchObject({ width: SIDE, height: SIDE });
    await openMask("other.png", encodePng({ width: 1, height: 1, data: Uint8Array.of(9) }));
    await page.getByRole("alert").getByText("the mask has the class 9, but there are 3").waitFor();
    await openMask("text.png", new TextEncoder().encode("hello"));
    await page.getByRole("alert").getByText("not a PNG").waitFor();
    await page.getByRole("button", { name: "a face" }).click();
    await expect.poll(async () => [...decodePng(await saved("Save mask")).data].join()).toBe(tinyMask.join());
    expect(problems).toEqual([]);
    await page.close();
  });

  it("keeps what was painted in the browser, and runs nothing of what it kept", async () => {
    const { page, problems } = await open();
    const first = await picture(page);
    await stroke(page);
    await page.getByLabel("Seed", { exact: true }).fill("77");
    await page.getByRole("button", { name: "Add a style" }).click();
    await page.getByText("Seed 77").waitFor();
    await settled(page);
    const painted = await picture(page);
    expect(painted).not.toBe(first);
    await page.reload();
    await settled(page);
    expect(await picture(page)).toBe(painted);
    await page.getByText("Seed 77").waitFor();
    await page.getByRole("button", { name: "Begin anew" }).click();
    await expect.poll(() => picture(page)).toBe(first);
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => picture(page)).toBe(painted);
    // Somebody else's words under that name are data, and no mask.
    const key = (await page.evaluate("Object.keys(localStorage)[0]")) as string;
    for (const stored of [
      "<img src=x onerror=alert(1)>",
      '{"mask":"AAAA","seeds":["<script>alert(1)</script>"]}',
      "[]",
    ]) {
      const stranger = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
      const itsProblems = problemsOf(stranger, site);
      await stranger.addInitScript(`localStorage.setItem(${JSON.stringify(key)}, ${JSON.stringify(stored)})`);
      await stranger.goto(site.url);
      await settled(stranger);
      expect(await picture(stranger)).toBe(first);
      expect(itsProblems).toEqual([]);
      await stranger.close();
    }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("opens without a network once it was loaded", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(site.url);
    await settled(page);
    await page.evaluate("navigator.serviceWorker.ready");
    await expect
      .poll(
        () =>
          page.evaluate(
            "caches.open('klish-paint').then((kept) => kept.keys()).then((keys) => keys.map(({ url }) => url).join())",
          ),
        { timeout: 30_000 },
      )
      .toContain(".wasm");
    const first = await picture(page);
    await context.setOffline(true);
    await page.reload();
    await settled(page);
    expect(await picture(page)).toBe(first);
    await context.close();
  });

  it("says why there is no painter", async () => {
    const page = await browser.newPage();
    await page.route("**/tiny.safetensors", (route) => route.abort());
    await page.route("**/painter.safetensors", (route) => route.fulfill({ body: "no painter" }));
    await page.goto(site.url);
    await page.getByRole("alert").getByText("The painter cannot be shown").waitFor();
    await page.close();
  });

  it.each([
    ["light", 1440],
    ["light", 390],
    ["dark", 1440],
    ["dark", 390],
  ] as const)("gives axe nothing to find, %s, %i px wide", async (colorScheme, width) => {
    const { page } = await open({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    expect(await axeFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    await page.close();
  });
});
