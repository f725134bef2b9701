import { describe, expect, it } from "vitest";
import { sameEnough } from "../../web/paint/sameEnough.ts";
import { MaskEditor } from "../../web/shared/maskEditor/editor.ts";
import type { PaintEngine, Pixels } from "../../web/shared/paint/engine.ts";
import { Paintings } from "../../web/shared/paint/paintings.ts";

const classes = [
  { name: "ground", color: "#000000" },
  { name: "sky", color: "#0000ff" },
];
/** A painter of one pixel: its label, and the length of its style's name. It paints when it is told to, and keeps the order. */
function slowEngine() {
  const waiting: { style: string; finish: () => void; fail: (error: Error) => void }[] = [];
  const engine: PaintEngine = {
    ...{ side: 1, classes, where: "here" },
    seedStyle: async (seed) => `s${seed}`,
    pictureStyle: async (picture, mask, otherwise) => `${picture.length}${mask.join()}${otherwise}`,
    paint: ([label], [style]) =>
      new Promise((resolve, reject) => {
        const finish = (): void => resolve([Uint8ClampedArray.of(label, String(style).length, 0, 255)]);
        waiting.push({ style: String(style), finish, fail: reject });
      }),
  };
  return { engine, waiting };
}
const editorOf = (): MaskEditor => new MaskEditor({ mask: { width: 1, height: 1, data: Uint8Array.of(0) }, classes });
const at = { x: 0.5, y: 0.5, pressure: 0.5 };
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 0));

describe("Paintings", () => {
  it("paints one at a time, the chosen style first, and skips masks that are past", async () => {
    const { engine, waiting } = slowEngine();
    const editor = editorOf();
    const paintings = new Paintings(engine, editor);
    paintings.follow();
    await paintings.addSeed(0);
    await paintings.addSeed(1);
    expect(waiting.map(({ style }) => style)).toEqual(["s0"]);
    editor.press(at);
    editor.release();
    editor.choose("eraser");
    editor.press(at);
    editor.release();
    waiting[0].finish();
    await settled();
    // What was painted is of an older mask: the same style again, and once for both strokes.
    expect(waiting.map(({ style }) => style)).toEqual(["s0", "s0"]);
    waiting[1].finish();
    await settled();
    waiting[2].finish();
    await settled();
    expect(waiting.map(({ style }) => style)).toEqual(["s0", "s0", "s1"]);
    expect(paintings.state.getState()).toMatchObject({ busy: false, error: "" });
    expect(paintings.state.getState().before?.pixels).toEqual(Uint8ClampedArray.of(0, 2, 0, 255));
  });

  it("lets the other styles wait until the pen is up", async () => {
    const { engine, waiting } = slowEngine();
    const editor = editorOf();
    const paintings = new Paintings(engine, editor);
    const paintNext = async (): Promise<void> => {
      waiting.at(-1)!.finish();
      await settled();
    };
    paintings.follow();
    await paintings.addSeed(0);
    await paintings.addSeed(1);
    await paintNext();
    await paintNext();
    editor.press(at);
    await paintNext();
    expect(waiting.map(({ style }) => style)).toEqual(["s0", "s1", "s0"]);
    expect(paintings.state.getState().busy).toBe(false);
    editor.release();
    await paintNext();
    expect(waiting.map(({ style }) => style)).toEqual(["s0", "s1", "s0", "s1"]);
    const pixels = paintings.state.getState().styles.map(({ id }) => paintings.pixelsOf(id) as Pixels);
    expect(pixels.map(([label]) => label)).toEqual([1, 1]);
  });

  it("tells an error and goes on with the next stroke; the last style stays", async () => {
    const { engine, waiting } = slowEngine();
    const editor = editorOf();
    const paintings = new Paintings(engine, editor);
    const end = paintings.follow();
    await paintings.addSeed(0);
    waiting[0].fail(new Error("out of memory"));
    await settled();
    expect(paintings.state.getState()).toMatchObject({ busy: false, error: "out of memory" });
    editor.press(at);
    waiting[1].finish();
    await settled();
    expect(paintings.state.getState().error).toBe("");
    paintings.remove(paintings.state.getState().chosen);
    expect(paintings.state.getState().styles.length).toBe(1);
    end();
    editor.undo();
    expect(waiting.length).toBe(2);
  });
});

describe("sameEnough", () => {
  it("lets rounding pass, and not another picture", () => {
    const a = new Uint8ClampedArray(4000).fill(100);
    const b = a.map((v, i) => v + (i % 5));
    expect(sameEnough(a, b)).toBe(true);
    b.fill(200, 0, 3);
    expect(sameEnough(a, b)).toBe(true);
    b.fill(200, 0, 40);
    expect(sameEnough(a, b)).toBe(false);
    expect(sameEnough(a, a.slice(4))).toBe(false);
  });
});
