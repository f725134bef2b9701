/**
 * A picture of a report, as docs/report.png shows it.
 *
 *   npx tsx bench/reportPicture.ts [report.html] [out.png]
 *
 * Default: that of `npm start`. Needs Debian's package `chromium`.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import sharp from "sharp";

const [report = "klish-demo/report.html", out = "docs/report.png"] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
});
try {
  const viewport = { width: 1280, height: 1000 };
  const page = await browser.newPage({ viewport, colorScheme: "light", reducedMotion: "reduce" });
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.waitForSelector("html[data-ready]");
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 256, effort: 10, compressionLevel: 9 })
    .toFile(out);
  console.log(`${out} of ${report}`);
} finally {
  await browser.close();
}
