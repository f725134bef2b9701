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

/** Whether every thumbnail has a pixel in its middle. */
const DRAWN = `[...document.querySelectorAll(".thumbnail canvas:not([hidden])")].every(
  (canvas) => canvas.getContext("2d").getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data[3] > 0,
)`;

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
  // Thumbnails are drawn when K has come to rest.
  for (let tries = 0; tries < 100 && !(await page.evaluate(DRAWN)); tries++) await page.waitForTimeout(100);
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 256, effort: 10, compressionLevel: 9 })
    .toFile(out);
  console.log(`${out} of ${report}`);
} finally {
  await browser.close();
}
