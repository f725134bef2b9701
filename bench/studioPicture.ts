/**
 * A picture of the studio with parts that were named, as docs/studio.png shows it.
 *
 *   npx tsx bench/studioPicture.ts [project] [out.png]
 *
 * Default: the project of `npm start`, of which a copy is named. Needs Debian's package `chromium`, and the built page (`npm run build`).
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { startStudio } from "../src/studio/server.ts";

/** Typed in the order of the list, the largest part first; the same name again joins two parts. */
const NAMES = ["wall", "hair", "hair", "clothes", "face", "neck", "forehead", "left eye"];

const [project = "klish-demo", out = "docs/studio.png"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "klish-picture-"));
await cp(project, join(folder, "portraits"), { recursive: true });
await rm(join(folder, "portraits", "labels.json"), { force: true });
const studio = await startStudio({ folder });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
});
try {
  const viewport = { width: 1280, height: 960 };
  const page = await browser.newPage({ viewport, colorScheme: "light", reducedMotion: "reduce" });
  await page.goto(studio.url);
  await page.waitForSelector("html[data-studio]");
  await page.evaluate("location.hash = '#screen=parts&at=portraits'");
  await page.waitForSelector("html[data-ready]");
  await page.locator(".name-field").first().focus();
  for (const name of NAMES) {
    await page.keyboard.type(name);
    await page.keyboard.press("Enter");
  }
  await page.keyboard.press("Escape");
  // All names are stored, and thumbnails drawn again.
  const named = new Set(NAMES).size;
  await page.getByText(new RegExp(`^${named} of \\d+ named$`)).waitFor();
  await page.waitForTimeout(1500);
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 256, effort: 10, compressionLevel: 9 })
    .toFile(out);
  console.log(`${out} of ${project}`);
} finally {
  await browser.close();
  await studio.close();
  await rm(folder, { recursive: true, force: true });
}
