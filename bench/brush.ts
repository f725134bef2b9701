/**
 * How fast a brush draws on a large mask, in Chromium: a stroke of a hundred places a second over all of it, one frame after another.
 *
 *   npx tsx bench/brush.ts [side] [brush]     1024 pixels, a brush of 96
 *
 * Prints milliseconds of work a frame (strokes and drawing), the time between frames, and the bytes that 30 such strokes hold for undo. Chromium
 * runs without a GPU here, which is the slowest case.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildEditorPage } from "../tests/maskEditor/page.ts";
import { launch, serve } from "../tests/site.ts";

const [side = 1024, brush = 96] = process.argv.slice(2).map(Number);
const STROKES = 30;
const FRAMES_A_STROKE = 30;

/** The page's program: pointer events as a hand makes them, several between two frames. */
const DRAW = `(async () => {
  const { editor } = window;
  const field = document.querySelector(".mask-field");
  const { left, top, width, height } = field.getBoundingClientRect();
  editor.setSize(${brush});
  const send = (type, x, y) => field.dispatchEvent(new PointerEvent(type, {
    bubbles: true, cancelable: true, pointerId: 1, pointerType: "mouse", isPrimary: true, button: type === "pointermove" ? -1 : 0, buttons: 1,
    clientX: left + x * width, clientY: top + y * height,
  }));
  // There is no such pointer to be captured.
  field.setPointerCapture = () => {};
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const [work, between] = [[], []];
  for (let stroke = 0; stroke < ${STROKES}; stroke++) {
    editor.chooseLabel(stroke % 3);
    let last = await frame();
    for (let i = 0; i <= ${FRAMES_A_STROKE}; i++) {
      const t = i / ${FRAMES_A_STROKE};
      const begin = performance.now();
      for (let part = 0; part < 2; part++) {
        const u = t + part / (2 * ${FRAMES_A_STROKE});
        const [x, y] = [0.1 + 0.8 * u, 0.5 + 0.4 * Math.sin(6 * u + stroke)];
        send(i === 0 && part === 0 ? "pointerdown" : "pointermove", x, y);
      }
      if (i === ${FRAMES_A_STROKE}) send("pointerup", 0.9, 0.5);
      const strokes = performance.now() - begin;
      const now = await frame();
      // The editor's own frame ran before this one's continuation.
      work.push(strokes + performance.now() - now);
      between.push(now - last);
      last = now;
    }
  }
  return { work, between, bytes: editor.edit.history.bytes };
})()`;

const folder = await mkdtemp(join(tmpdir(), "klish-brush-"));
await buildEditorPage(folder, side);
const site = await serve(folder);
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1200 } });
  await page.goto(site.url);
  await page.getByRole("application").waitFor();
  const { work, between, bytes } = (await page.evaluate(DRAW)) as { work: number[]; between: number[]; bytes: number };
  const at = (values: number[], part: number): string =>
    values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))].toFixed(1);
  for (const [name, values] of [
    ["work a frame", work],
    ["between frames", between],
  ] as const)
    console.log(
      `${name}: median ${at(values, 0.5)} ms, 95 % within ${at(values, 0.95)} ms, longest ${at(values, 1)} ms`,
    );
  const inTime = between.filter((ms) => ms <= 1000 / 60 + 1).length;
  console.log(`frames at 60 a second: ${((100 * inTime) / between.length).toFixed(1)} % of ${between.length}`);
  console.log(`undo of ${STROKES} strokes: ${(bytes / 1e6).toFixed(1)} MB`);
} finally {
  await browser.close();
  site.close();
  await rm(folder, { recursive: true, force: true });
}
