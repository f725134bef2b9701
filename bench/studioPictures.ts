/**
 * The pictures of the studio in README and docs/STUDIO.md, from a project whose parts are named on the way.
 *
 *   npx tsx bench/studioPictures.ts [project] [folder] [screen ...]
 *
 * Default: all screens, of the project of `npm start`, of which a copy is named, and docs. Needs Debian's package `chromium`, and the built page (`npm run build`).
 */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import sharp from "sharp";
import { startStudio } from "../src/studio/server.ts";

/** Typed in the order of the list, the largest part first; the same name again joins two parts. */
const NAMES = ["wall", "hair", "hair", "clothes", "face", "neck", "forehead", "left eye"];
const AT = "portraits";
/** Minutes, where the machine has other things to do. */
const PATIENCE = 600_000;

const [project = "klish-demo", out = "docs", ...screens] = process.argv.slice(2);
const temporary = await mkdtemp(join(tmpdir(), "klish-pictures-"));
/** As it is shown. */
const folder = join(temporary, "my-gan");
await cp(project, join(folder, AT), { recursive: true });
await rm(join(folder, AT, "labels.json"), { force: true });
const studio = await startStudio({ folder });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"],
});

/** What is seen once it has settled. */
async function take(page: Page, name: string, height: number, width = 1280): Promise<void> {
  await page.setViewportSize({ width, height });
  await page.waitForTimeout(1500);
  await sharp(await page.screenshot())
    .png({ palette: true, colours: 256, effort: 10, compressionLevel: 9 })
    .toFile(join(out, `${name}.png`));
  console.log(join(out, `${name}.png`));
}

async function stroke(page: Page, from: readonly [number, number], to: readonly [number, number]): Promise<void> {
  const box = (await page.getByRole("application").boundingBox())!;
  const at = ([x, y]: readonly [number, number]) => [box.x + box.width * x, box.y + box.height * y] as const;
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at(to), { steps: 12 });
  await page.mouse.up();
}

/** The film strip below the brush. */
const film = (page: Page): Promise<unknown> =>
  page.evaluate('[...document.querySelectorAll(".stroke-film canvas")].map((one) => one.toDataURL()).join()');

/** The film strip once it changes no more. */
async function settled(page: Page): Promise<unknown> {
  for (let [was, is] = [await film(page), null as unknown]; ; was = is) {
    await page.waitForTimeout(3000);
    is = await film(page);
    if (is === was) return is;
  }
}

const pictures: readonly ((page: Page) => Promise<void>)[] = [
  async function begin(page) {
    await page.evaluate("location.hash = '#screen=begin'");
    await page.locator(".places img").first().waitFor();
    await take(page, "studio-begin", 1010);
  },
  async function parts(page) {
    await page.evaluate(`location.hash = '#screen=parts&at=${AT}'`);
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
    await take(page, "studio", 960);
  },
  async function strokes(page) {
    await page.evaluate(`location.hash = '#screen=strokes&at=${AT}'`);
    await page.getByRole("application").waitFor({ timeout: PATIENCE });
    // The edge of the pictures is a part of its own: it becomes wall.
    const before = await settled(page);
    await page.getByRole("row", { name: "wall" }).click();
    await stroke(page, [0.98, 0.03], [0.98, 0.7]);
    await page.getByText("1 stroke,").waitFor({ timeout: PATIENCE });
    for (const since = Date.now(); (await film(page)) === before && Date.now() < since + PATIENCE; )
      await page.waitForTimeout(1000);
    await settled(page);
    await take(page, "studio-strokes", 1180, 960);
  },
  async function teach(page) {
    await page.evaluate("location.hash = '#screen=begin'");
    const door = page.locator(".door").filter({ hasText: "Parts that you teach" });
    await door.getByLabel("file or address").fill("portraits");
    await page.keyboard.press("Enter");
    await page.getByText("taught", { exact: true }).first().waitFor({ timeout: PATIENCE });
    await page.evaluate("location.hash = '#screen=strokes&at=taught'");
    // All of the picture is in sight, and under the pen.
    await page.setViewportSize({ width: 960, height: 1180 });
    const classes = [
      ["hair", [0.4, 0.17], [0.6, 0.17]],
      ["face", [0.4, 0.5], [0.6, 0.55]],
      ["wall", [0.05, 0.1], [0.05, 0.6]],
      ["clothes", [0.4, 0.97], [0.7, 0.97]],
    ] as const;
    for (const [i, [name, from, to]] of classes.entries()) {
      await page.getByLabel("New class").fill(name);
      await page.keyboard.press("Enter");
      await page.locator(`[role=row][aria-selected=true]:has-text("${name}")`).waitFor({ timeout: PATIENCE });
      await stroke(page, from, to);
      await page.getByText(new RegExp(`^${i + 1} strokes?,`)).waitFor({ timeout: PATIENCE });
    }
    await settled(page);
    await take(page, "studio-teach", 1180, 960);
  },
  async function dataset(page) {
    await page.evaluate(`location.hash = '#screen=dataset&at=${AT}'`);
    await page.getByRole("button", { name: /^Preview/ }).click();
    await page.locator(".samples figure").first().waitFor({ timeout: PATIENCE });
    await page.getByLabel("Leave out uncertain pictures", { exact: true }).check();
    // So low that it removes a few.
    const slider = page.getByLabel("Leave out uncertain pictures: share");
    const removed = page.locator(".samples figure.removed");
    for (let share = 30; share > 0 && (await removed.count()) < 3; share--) await slider.fill(String(share / 100));
    await page.getByLabel("face", { exact: true }).check();
    await take(page, "studio-dataset", 1040);
  },
  async function paint(page) {
    await page.evaluate("location.hash = '#screen=paint'");
    await page.locator(".style").nth(3).waitFor({ timeout: PATIENCE });
    await page.locator(".paint:not([data-busy])").waitFor({ timeout: PATIENCE });
    await page.getByRole("row", { name: "hat" }).click();
    for (let larger = 0; larger < 4; larger++) await page.keyboard.press("]");
    for (const y of [0.16, 0.22]) await stroke(page, [0.3, y], [0.7, y]);
    await page.locator(".paint:not([data-busy])").waitFor({ timeout: PATIENCE });
    await take(page, "studio-paint", 960);
  },
];

try {
  const page = await browser.newPage({
    ...{ viewport: { width: 1280, height: 960 }, colorScheme: "light", reducedMotion: "reduce" },
  });
  await page.goto(studio.url);
  await page.waitForSelector("html[data-studio]");
  for (const picture of pictures) if (screens.length === 0 || screens.includes(picture.name)) await picture(page);
} finally {
  await browser.close();
  await studio.close();
  await rm(temporary, { recursive: true, force: true });
}
