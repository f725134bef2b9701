/**
 * What a step of the report's slider costs: the main thread's time from the key to the drawn frame, scripts, layout and painting together.
 *
 *   npx tsx bench/slider.ts [report.html]
 *
 * Default: the report of `npm start` (16 pictures of 64 px). Goes from the largest K to the smallest, with one large picture and its film
 * strip, and again with all pictures; then the same with that report enlarged to 64 pictures of 256 px. Bars: 16 ms, and 50 ms for the
 * large one. Needs Debian's package `chromium`.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { deflateSync, inflateSync } from "node:zlib";
import { chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { hierarchyOf } from "../src/cluster/tree/hierarchy.ts";
import type { ReportData } from "../src/project/report/data.ts";
import { readTemplate, renderReport, reportJson } from "../src/project/report/render.ts";
import { decodeSeries, encodeSeries, followMerges } from "../src/project/report/series.ts";

const [report = "klish-demo/report.html"] = process.argv.slice(2);

/** The same report with `count` pictures, repeated, and `side` labels and pixels along the side of each, repeated likewise. */
async function enlarged(data: ReportData, count: number, side: number): Promise<ReportData> {
  const { canvas, steps, initialClusters } = data;
  if (canvas.kind !== "images") throw new Error("expected a report of pictures");
  const { resolution, sources, captions } = canvas;
  const area = resolution ** 2;
  const repeated = <T>(all: readonly T[]): T[] => Array.from({ length: count }, (_, i) => all[i % all.length]);
  const from = Int32Array.from({ length: side }, (_, i) => Math.floor((i * resolution) / side));
  const spread = (labels: Uint16Array): Uint16Array => {
    const large = new Uint16Array(count * side * side);
    for (let picture = 0, n = 0; picture < count; picture++)
      for (let y = 0; y < side; y++)
        for (let x = 0; x < side; x++, n++)
          large[n] = labels[(picture % sources.length) * area + from[y] * resolution + from[x]];
    return large;
  };
  const again = (packed: string, frames: number): string => {
    const follow = frames > 1 ? followMerges(hierarchyOf(initialClusters, steps).merges) : undefined;
    const series = decodeSeries(inflateSync(Buffer.from(packed, "base64")), sources.length * area, frames, follow);
    const large = function* (): Generator<Uint16Array> {
      for (let frame = 0; frame < frames; frame++) yield spread(series.at(frame));
    };
    return deflateSync(encodeSeries(large(), follow), { level: 1 }).toString("base64");
  };
  const pictures = sources.map(async (source) => {
    const bytes = Buffer.from(source.slice(source.indexOf(",") + 1), "base64");
    const large = await sharp(bytes).resize(side, side).webp().toBuffer();
    return `data:image/webp;base64,${large.toString("base64")}`;
  });
  return {
    ...data,
    initialLabels: again(data.initialLabels, 1),
    argmax: again(data.argmax, steps.length),
    // The merge below the pictures is not measured.
    confidence: {
      samples: 0,
      rows: data.confidence.rows.map((row) => row && deflateSync(new Uint8Array()).toString("base64")),
    },
    canvas: {
      ...{ kind: "images", resolution: side, width: side, height: side },
      ...{ sources: repeated(await Promise.all(pictures)), captions: repeated(captions) },
    },
  };
}

/** Main thread's time of each step, in ms. */
async function steps(page: Page): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  // Of the thread alone: what other programs take meanwhile is not counted.
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const taskTime = async (): Promise<number> => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Number.NaN);
  };
  const drawn = () => page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  const slider = page.locator("#k");
  await slider.press("End");
  // Pictures are decoded, and thumbnails drawn, before the first step.
  await page.waitForTimeout(1000);
  // What asking and waiting for two frames costs by itself.
  await drawn();
  const idle = await taskTime();
  await drawn();
  const asking = (await taskTime()) - idle;
  const times: number[] = [];
  while ((await page.locator(".k-number").textContent()) !== "2") {
    const before = await taskTime();
    await slider.press("ArrowLeft");
    await drawn();
    times.push(Math.max(0, (await taskTime()) - before - asking));
  }
  await session.detach();
  return times;
}

const quantile = (sorted: readonly number[], q: number): string =>
  sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))].toFixed(1);

const json = reportJson(await readFile(resolve(report), "utf8"));
if (json === undefined) throw new Error(`${report} is not a report of klish`);
const data: ReportData = JSON.parse(json);
const folder = await mkdtemp(join(tmpdir(), "klish-bench-"));
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
});
try {
  // Drawn by the page as it is built now, whichever made the file.
  const template = await readTemplate();
  for (const shown of [data, await enlarged(data, 64, 256)]) {
    if (shown.canvas.kind !== "images") throw new Error("expected a report of pictures");
    const { sources, resolution } = shown.canvas;
    const file = join(folder, "report.html");
    await writeFile(file, renderReport(shown, template));
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(pathToFileURL(file).href);
    await page.waitForSelector("html[data-ready]");
    for (const layout of ["One", "All"]) {
      await page.getByRole("button", { name: layout, exact: true }).click();
      const sorted = (await steps(page)).sort((a, b) => a - b);
      console.log(
        `${sources.length} pictures of ${resolution} px, ${layout.toLowerCase()}: ${sorted.length} steps, median ${quantile(sorted, 0.5)} ms, ` +
          `95 % ${quantile(sorted, 0.95)} ms, most ${quantile(sorted, 1)} ms`,
      );
    }
    await page.close();
  }
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}
