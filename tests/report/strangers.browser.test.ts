import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeOverview } from "../../src/project/dataset/overview.ts";
import { evaluationPlot } from "../../src/project/evaluation/plot.ts";
import type { EvaluationFile } from "../../src/project/evaluation/rows.ts";
import { buildReport } from "../../src/project/report/build.ts";
import { renderReport } from "../../src/project/report/render.ts";
import { safeJson } from "../../src/text/escape.ts";
import { handmadeDataset } from "../project/dataset/handmade.ts";
import { syntheticImages, syntheticPoints } from "../project/report/synthetic.ts";
import { built, hasChromium, launch, problemsOf } from "../site.ts";

/** Ways out of text, attributes, styles, scripts and comments; what runs sets `window.pwned`, or asks for a file. */
const HOSTILE = [
  "<script>window.pwned=1</script>",
  '"><img src=x onerror="window.pwned=1">',
  "'><svg onload=window.pwned=1>",
  "</script><script>window.pwned=1</script>",
  "</title><script>window.pwned=1</script><title>",
  "</style><script>window.pwned=1</script>",
  "--><script>window.pwned=1</script><!--",
  "]]><script>window.pwned=1</script>",
  "&lt;script&gt;window.pwned=1&lt;/script&gt;",
  '" onmouseover="window.pwned=1" autofocus onfocus="window.pwned=1',
  '" style="background:url(https://example.org/x)',
  "red;background:url(https://example.org/x)",
  '<meta http-equiv="refresh" content="0;url=https://example.org/">',
  '<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>',
  '<base href="https://example.org/"><link rel=stylesheet href=x.css>',
  '<form action="https://example.org/"><button id=k>x</button></form>',
  "javascript:window.pwned=1",
  "$&$`$'__KLISH_REPORT_DATA__",
  "\u2028\u2029\u0000\u001b\ufeff",
];
const all = HOSTILE.join(" ");

if (!hasChromium) console.warn("strangers.browser.test: skipped, there is no Chromium");

describe.skipIf(!hasChromium)("pages with names from somebody else", () => {
  let folder: string;
  let template: string;
  let browser: Browser;
  let problems: string[] = [];

  /** Opens a page from disk; what it runs, asks for or complains of becomes a problem. */
  const open = async (file: string): Promise<Page> => {
    const page = await browser.newPage();
    page.on("dialog", (dialog) => {
      problems.push(`dialog ${dialog.message()}`);
      void dialog.dismiss();
    });
    const url = pathToFileURL(file).href;
    problemsOf(page, { url }, problems);
    await page.goto(url);
    return page;
  };
  /** Elements that no page of ours has; markup that slipped in would be among them. */
  const foreign = (page: Page): Promise<number> =>
    page.locator("iframe, base, form, object, embed, [onload], [onerror], [onfocus], [onmouseover]").count();
  const ran = (page: Page): Promise<unknown> => page.evaluate("window.pwned");
  /** Moves over everything, as a reader does. */
  const touch = async (page: Page): Promise<void> => {
    await page.evaluate(
      "for (const e of document.querySelectorAll('*')) for (const type of ['mouseover', 'mouseenter', 'focus', 'error', 'load']) e.dispatchEvent(new Event(type))",
    );
    await page.waitForTimeout(50);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "klish-strangers-page-"));
    template = await readFile(join(built.report, "template.html"), "utf8");
    browser = await launch();
  }, 60_000);
  beforeEach(() => {
    problems = [];
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("run nothing as a dataset's overview", async () => {
    const set = await handmadeDataset(join(folder, "set <img src=x onerror=window.pwned=1>"), {
      settings: {
        family: all,
        networkSha256: HOSTILE[1],
      },
      classes: HOSTILE.map((name, id) => ({ name, color: `#${String(id).padStart(6, "0")}`, background: id === 0 })),
      entry: (e) => (e.seed === 1 ? { ...e, rejected: HOSTILE } : e),
      runs: [{ command: all, made: 1, seconds: 1, workers: 1, projects: [all], network: all }],
    });
    const { overview } = await writeOverview(set, {});
    const page = await open(overview);
    await touch(page);
    expect(await ran(page)).toBeUndefined();
    expect(await foreign(page)).toBe(0);
    expect(await page.locator("script").count()).toBe(0);
    // Names are there, as text.
    for (const name of HOSTILE.slice(0, 10)) expect(await page.locator("main").textContent()).toContain(name);
    expect(problems).toEqual([]);
    await page.close();
  });

  it.each(["images", "points"] as const)("run nothing as a report of %s", async (kind) => {
    const world = kind === "images" ? syntheticImages() : syntheticPoints();
    const { samples } = world;
    const named =
      samples.kind === "images"
        ? { ...samples, captions: Array.from({ length: samples.count }, (_, i) => HOSTILE[i]) }
        : { ...samples, rivals: (samples.rivals ?? []).map((r, i) => ({ ...r, name: HOSTILE[i] })) };
    const data = await buildReport({
      ...world,
      samples: named,
      title: all,
      summary: all,
      command: all,
      facts: HOSTILE.map((text) => ({ label: text, value: text, note: text })),
      notes: HOSTILE,
    });
    const file = join(folder, `${kind}.html`);
    await writeFile(file, renderReport(data, template));
    const page = await open(file);
    await page.waitForSelector("html[data-ready]");
    await touch(page);
    expect(await ran(page)).toBeUndefined();
    expect(await foreign(page)).toBe(0);
    expect(await page.locator("script").count()).toBe(2);
    expect(await page.locator("#run").textContent()).toContain(HOSTILE[0]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("run nothing as an evaluation's plot", async () => {
    const scores = { adjustedMutualInfo: 0.5, adjustedRandIndex: 0.4 };
    const row = { method: "klish", k: 4, seed: 0, seconds: 1, balance: null, largestShare: 1, effectiveClusters: 1 };
    const file = { name: all, rows: [{ ...row, explainedVariance: 1, r2rel: 1, scores }] } as unknown as EvaluationFile;
    await mkdir(join(folder, "plot"), { recursive: true });
    const path = join(folder, "plot", "evaluation.svg");
    await writeFile(path, evaluationPlot(file));
    const page = await open(path);
    await touch(page);
    expect(await ran(page)).toBeUndefined();
    expect(await page.locator("script, image, foreignObject").count()).toBe(0);
    expect(await page.evaluate("document.querySelector('text').textContent")).toContain(HOSTILE[0]);
    expect(problems).toEqual([]);
    await page.close();
  });

  it("would not run a script that got into a report all the same, nor fetch anything", async () => {
    const data = await buildReport({ ...syntheticImages(), title: "x", summary: "", command: "", facts: [] });
    let asked = 0;
    const server = createServer((_, response) => {
      asked++;
      response.end();
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const evil = `<script>window.pwned=1</script><img src="http://127.0.0.1:${port}/x" onerror="window.pwned=1">`;
    const file = join(folder, "evil.html");
    await writeFile(
      file,
      renderReport(
        data,
        template.replace('<div id="root">', (root) => `${evil}${root}`),
      ),
    );
    const page = await open(file);
    await page.waitForSelector("html[data-ready]");
    expect(await ran(page)).toBeUndefined();
    expect(asked).toBe(0);
    // The script, its handler and the picture: the browser says that the policy stopped them.
    expect(problems.filter((p) => p.includes("Content Security Policy")).length).toBeGreaterThanOrEqual(3);
    await page.close();
    server.close();
  });

  it("a dataset with a colour that is none is refused", async () => {
    for (const color of ["red", "#12345", "#1234567", "#ABCDEF", "red;background:url(x)", '"><script>'])
      await expect(
        handmadeDataset(join(folder, "colours"), { classes: [{ name: "a", color, background: false }] }).then((set) =>
          writeOverview(set, {}),
        ),
        safeJson(color),
      ).rejects.toThrow("expected a colour #rrggbb");
  });
});
