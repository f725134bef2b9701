/**
 * What a step of the report's slider costs: the main thread's time from the key to the drawn frame, scripts, layout and painting together.
 *
 *   npx tsx bench/slider.ts [report.html]
 *
 * Default: the report of `npm start` (16 pictures of 64 px). Goes from the largest K to the smallest, with one large picture and its film
 * strip, and again with all pictures. Needs Debian's package `chromium`.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Page } from "playwright-core";

const [report = "klish-demo/report.html"] = process.argv.slice(2);

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

const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.waitForSelector("html[data-ready]");
  for (const layout of ["One", "All"]) {
    await page.getByRole("button", { name: layout, exact: true }).click();
    const sorted = (await steps(page)).sort((a, b) => a - b);
    console.log(
      `${layout.toLowerCase()}: ${sorted.length} steps, median ${quantile(sorted, 0.5)} ms, 95 % ${quantile(sorted, 0.95)} ms, most ${quantile(sorted, 1)} ms`,
    );
  }
} finally {
  await browser.close();
}
