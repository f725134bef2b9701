import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildReport, type ReportInput } from "../../src/project/report/build.ts";
import { renderReport } from "../../src/project/report/render.ts";
import { sliderAt } from "../../web/shared/parts/kAxis.ts";
import { syntheticImages, syntheticPoints } from "../project/report/synthetic.ts";
import { built, hasChromium, launch, problemsOf } from "../site.ts";

const title = `Parts of <b>"a GAN"</b>`;

if (!hasChromium) console.warn("report.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("a report opened from disk", () => {
  let folder: string;
  let browser: Browser;
  let problems: string[] = [];

  const open = async (name: string, world: Pick<ReportInput, "tree" | "samples">, width = 1200): Promise<Page> => {
    const template = await readFile(join(built.report, "template.html"), "utf8");
    const data = await buildReport({
      title,
      summary: "A test.",
      command: "klish",
      facts: [{ label: "Seeds", value: "0-3" }],
      ...world,
    });
    const file = join(folder, `${name}.html`);
    await writeFile(file, renderReport(data, template));
    const page = await browser.newPage({ viewport: { width, height: 900 }, hasTouch: width < 500 });
    problemsOf(page, { url: "file:" }, problems);
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("html[data-ready]");
    return page;
  };
  /** The picture on the first canvas that the selector names. */
  const picture = async (page: Page, selector: string): Promise<string> =>
    String(await page.evaluate(`document.querySelector(${JSON.stringify(selector)}).toDataURL()`));
  /** Moves the slider; the synthetic trees go from 12 or 9 to 2. */
  const setK = (page: Page, k: number, maxK = 12): Promise<void> =>
    page.locator("#k").fill(String(sliderAt({ minK: 2, maxK }, k)));
  /** What is in the fields of the list. */
  const values = async (page: Page): Promise<string[]> =>
    Promise.all((await page.locator(".name-field").all()).map((field) => field.inputValue()));
  const settled = (page: Page): Promise<unknown> =>
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-report-"));
    browser = await launch();
  }, 60_000);
  beforeEach(() => {
    problems = [];
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("recolours the parts when the slider moves, by pointer, by keys and by label mode, without an error or a request", async () => {
    const page = await open("images", syntheticImages());
    expect(await page.locator("h1").textContent()).toBe(title);
    const canvas = "#tiles canvas";
    await setK(page, 12);
    await settled(page);
    const at12 = await picture(page, canvas);
    expect(await page.locator("#clusters li").count()).toBe(12);
    await setK(page, 3);
    await settled(page);
    const at3 = await picture(page, canvas);
    expect(at3).not.toBe(at12);
    expect(await page.locator("#clusters li").count()).toBe(3);
    await page.locator("#k").press("ArrowLeft");
    await settled(page);
    expect(await page.locator(".k-number").textContent()).toBe("2");
    await setK(page, 12);
    await settled(page);
    expect(await picture(page, canvas)).toBe(at12);
    await setK(page, 3);
    await page.getByRole("button", { name: "Details" }).click();
    await page.getByRole("button", { name: "Merged" }).click();
    await settled(page);
    expect(await picture(page, canvas)).not.toBe(at3);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("names the cluster under the pointer and isolates the one that is clicked", async () => {
    const page = await open("hover", syntheticImages());
    const canvas = page.locator("#tiles canvas").first();
    await canvas.hover({ position: { x: 20, y: 20 } });
    await settled(page);
    expect(await page.locator("#tip").textContent()).toMatch(/^#\d+ \d/);
    await page.getByRole("button", { name: "Details" }).click();
    await canvas.hover({ position: { x: 22, y: 20 } });
    await settled(page);
    expect(await page.locator("#tip").textContent()).toMatch(/^#\d+ .* · IoU /);
    await page.locator("#clusters li button").nth(1).click();
    await settled(page);
    expect(await page.locator("#clusters li button[aria-pressed=true]").count()).toBe(1);
    await page.keyboard.press("Escape");
    await settled(page);
    expect(await page.locator("#clusters li button[aria-pressed=true]").count()).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("tells the largest cluster on one basis with the list, in both label modes, and what has no area", async () => {
    const page = await open("basis", syntheticImages());
    await page.getByRole("button", { name: "Details" }).click();
    for (const mode of ["SVM", "Merged"])
      for (const k of [12, 7, 3]) {
        await page.getByRole("button", { name: mode }).click();
        await setK(page, k);
        await settled(page);
        const shown = await page.locator(".figures div", { hasText: "Largest cluster" }).locator("b").textContent();
        const first = page.locator("#clusters li").first().locator(".value").first();
        expect(await first.textContent()).toBe(`area ${shown}`);
        const rows = page.locator("#clusters li", { hasText: "area 0 %" });
        const empty: string[] = [];
        for (const row of await rows.all()) empty.push(`#${await row.getAttribute("data-id")}`);
        if (empty.length > 0)
          expect(await page.locator("#clusters .hint").textContent()).toContain(`${empty.join(", ")}: no pixel`);
      }
    expect(problems).toEqual([]);
    await page.close();
  });

  it("names and isolates the cluster that a finger taps", async () => {
    const page = await open("tap", syntheticImages(), 390);
    await page
      .locator("#tiles canvas")
      .first()
      .tap({ position: { x: 30, y: 30 } });
    await settled(page);
    expect(await page.locator("#tip").textContent()).toMatch(/^#\d+ /);
    expect(await page.locator("#tip").isVisible()).toBe(true);
    expect(await page.locator("#clusters li button[aria-pressed=true]").count()).toBe(1);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("shows one picture large, chosen on the film strip, or all of them", async () => {
    const page = await open("strip", syntheticImages());
    const large = await picture(page, "#tiles > .stack canvas");
    await page.getByRole("radio", { name: "seed 2" }).check();
    await settled(page);
    expect(await page.locator(".stage-head .caption").textContent()).toBe("seed 2");
    expect(await picture(page, "#tiles > .stack canvas")).not.toBe(large);
    await page.getByRole("button", { name: "All" }).click();
    expect(await page.locator("#tiles figure canvas").count()).toBe(4);
    await page.getByRole("button", { name: "seed 1" }).click();
    expect(await page.locator(".stage-head .caption").textContent()).toBe("seed 1");
    await page.keyboard.press("]");
    expect(await page.locator(".stage-head .caption").textContent()).toBe("seed 2");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("paints only what changes at a step, and comes to the same pictures as a page that opens there", async () => {
    const page = await open("steps", syntheticImages());
    const pictures = (): Promise<unknown> =>
      page.evaluate("[...document.querySelectorAll('#tiles canvas')].map((one) => one.toDataURL())");
    await page.locator("#k").press("End");
    await settled(page);
    const rows = "[...document.querySelectorAll('#clusters li')]";
    // What the page writes into rows that stay: none of it, of clusters that the merge leaves alone.
    await page.evaluate(`window.touched = new Set();
      new MutationObserver((all) => {
        // Thumbnails are drawn later, when K has come to rest.
        for (const { target } of all.filter((one) => one.target.nodeName !== "CANVAS")) {
          const row = (target.nodeType === 1 ? target : target.parentElement).closest("#clusters li");
          if (row) window.touched.add(row.dataset.id);
        }
      }).observe(document.querySelector("#clusters ul"), { subtree: true, attributes: true, characterData: true, childList: true });`);
    const meter = "row.querySelector('.meter').getAttribute('style')";
    const shown = async (): Promise<[id: string, row: string][]> =>
      (await page.evaluate(`${rows}.map((row) => [row.dataset.id, row.textContent + ${meter}])`)) as [string, string][];
    const before = new Map(await shown());
    await page.locator("#k").press("ArrowLeft");
    await settled(page);
    const after = await shown();
    const changed = after.filter(([id, row]) => before.get(id) !== row).map(([id]) => id);
    expect(after.length).toBe(11);
    const touched = new Set((await page.evaluate("[...window.touched]")) as string[]);
    expect(after.map(([id]) => id).filter((id) => touched.has(id))).toEqual(changed);
    expect(changed.length).toBeLessThan(after.length);
    for (let k = 11; k > 4; k--) {
      await page.locator("#k").press("ArrowLeft");
      await settled(page);
    }
    const walked = await pictures();
    await page.goto(`${page.url().split("#")[0]}#k=4`);
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    await expect.poll(pictures).toEqual(walked);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("isolates parts in a picture by keys alone, and says what the crosshair is on", async () => {
    const page = await open("crosshair", syntheticImages());
    await page.locator("#tiles canvas").first().focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.locator("#announcement").textContent()).toMatch(/^cluster \d+, \d/);
    await page.keyboard.press("Enter");
    expect(await page.locator("#clusters li.isolated").count()).toBe(1);
    await page.keyboard.press("Escape");
    expect(await page.locator("#clusters li.isolated").count()).toBe(0);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("names parts: click one, type, Enter goes to the next; names leave as labels.json", async () => {
    const page = await open("naming", syntheticImages());
    await setK(page, 5);
    await page
      .locator("#tiles canvas")
      .first()
      .click({ position: { x: 30, y: 30 } });
    // The field of the part that was clicked has the focus.
    const clicked = await page.locator("#clusters li.isolated .name-field").getAttribute("placeholder");
    expect(await page.evaluate("document.activeElement.placeholder")).toBe(clicked);
    await page.locator(".name-field").first().click();
    for (const name of ["sky", "hair", "eyes", "", "left"]) {
      await page.keyboard.type(name);
      await page.keyboard.press("Enter");
    }
    expect(await values(page)).toEqual(["sky", "hair", "eyes", "", "left"]);
    // After the last one all are shown, and Escape takes back what is being typed.
    expect(await page.locator("#clusters li.isolated").count()).toBe(0);
    await page.locator(".name-field").first().fill("sea");
    await page.keyboard.press("Escape");
    expect((await values(page))[0]).toBe("sky");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download labels.json" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("labels.json");
    const { labels } = JSON.parse(await readFile(await download.path(), "utf8"));
    expect(labels.k).toBe(5);
    expect(labels.classes.map((c: { name: string }) => c.name)).toEqual(
      expect.arrayContaining(["sky", "hair", "eyes", "left"]),
    );
    expect(problems).toEqual([]);
    await page.close();
  });

  it("keeps K, the part and the picture in its address", async () => {
    const page = await open("address", syntheticImages());
    await setK(page, 5);
    await page.getByRole("radio", { name: "seed 3" }).check();
    await page.locator("#clusters li button").nth(1).click();
    const id = await page.locator("#clusters li").nth(1).getAttribute("data-id");
    await expect.poll(() => new URL(page.url()).hash).toBe(`#k=5&part=${id}&picture=4`);
    await page.reload();
    await page.waitForSelector("html[data-ready]");
    expect(await page.locator(".k-number").textContent()).toBe("5");
    expect(await page.locator("#clusters li.isolated").getAttribute("data-id")).toBe(id);
    expect(await page.locator(".stage-head .caption").textContent()).toBe("seed 3");
    expect(problems).toEqual([]);
    await page.close();
  });

  it("draws every merge with both confidence maps, and steps through them", async () => {
    const page = await open("merge", syntheticImages());
    await page.locator("#merge").scrollIntoViewIfNeeded();
    await setK(page, 9);
    await expect.poll(() => page.locator("#merge-title").textContent()).toBe("The merge from K = 9 to 8");
    // The title is set at once, the maps are inflated and painted a little later.
    await expect.poll(() => page.locator(".board canvas").count()).toBe(4 * 4);
    await settled(page);
    const board = () =>
      page.evaluate('[...document.querySelectorAll(".board canvas")].map((c) => c.toDataURL()).join()');
    const before = await board();
    await page.getByRole("button", { name: "Next merge" }).click();
    await expect.poll(() => page.locator("#merge-title").textContent()).toBe("The merge from K = 8 to 7");
    await expect.poll(board).not.toBe(before);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("shows points beside the other methods and the truth, on a phone without sideways scrolling", async () => {
    const page = await open("points", syntheticPoints(), 360);
    expect(await page.locator("#tiles figcaption b").allTextContents()).toEqual(["KLiSH", "K-means", "Truth"]);
    await setK(page, 9, 9);
    await settled(page);
    const at9 = await picture(page, "#tiles canvas");
    await setK(page, 2, 9);
    await settled(page);
    expect(await picture(page, "#tiles canvas")).not.toBe(at9);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
    expect(problems).toEqual([]);
    await page.close();
  });
});
