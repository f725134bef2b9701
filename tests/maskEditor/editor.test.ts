import { describe, expect, it } from "vitest";
import { MaskEditor } from "../../web/shared/maskEditor/editor.ts";
import { obey, shortcutsOf } from "../../web/shared/maskEditor/shortcuts.ts";
import type { PenPoint } from "../../web/shared/maskEditor/stroke.ts";
import { blank, maskOf, rowsOf } from "./handMasks.ts";

const classes = ["ground", "sky", "tree"].map((name, i) => ({ name, color: `#00000${i}` }));
const editorOf = (...rows: string[]): MaskEditor => {
  const editor = new MaskEditor({ mask: maskOf(...rows), classes });
  editor.setSize(1);
  return editor;
};
/** The middle of a pixel. */
const at = (x: number, y: number): PenPoint => ({ x: x + 0.5, y: y + 0.5, pressure: 0.5 });
const drag = (editor: MaskEditor, ...path: PenPoint[]): void => {
  editor.press(path[0]);
  for (const point of path.slice(1)) editor.drag(point);
  editor.release();
};
const press = (editor: MaskEditor, key: string, held: { command?: boolean; shift?: boolean } = {}): boolean =>
  obey(editor, { key, command: false, shift: false, ...held });

describe("MaskEditor", () => {
  it("brushes, erases, fills, encircles, picks and undoes each as one step", () => {
    const editor = editorOf("0000", "0000", "0000");
    drag(editor, at(0, 1), at(3, 1));
    expect(rowsOf(editor.edit)).toEqual(["0000", "1111", "0000"]);
    editor.choose("eraser");
    drag(editor, at(1, 1));
    expect(rowsOf(editor.edit)).toEqual(["0000", "1011", "0000"]);
    editor.choose("fill");
    editor.chooseLabel(2);
    drag(editor, at(0, 0));
    expect(rowsOf(editor.edit)).toEqual(["2222", "1211", "2222"]);
    editor.choose("pick");
    drag(editor, at(0, 1));
    expect(editor.state.getState().label).toBe(1);
    editor.choose("lasso");
    drag(editor, at(1.5, -0.5), at(4, -0.5), at(4, 0.5), at(1.5, 0.5));
    expect(rowsOf(editor.edit)).toEqual(["2211", "1211", "2222"]);
    for (const rows of [
      ["2222", "1211", "2222"],
      ["0000", "1011", "0000"],
      ["0000", "1111", "0000"],
      ["0000", "0000", "0000"],
    ]) {
      expect(editor.state.getState().canUndo).toBe(true);
      editor.undo();
      expect(rowsOf(editor.edit)).toEqual(rows);
    }
    expect(editor.state.getState()).toMatchObject({ canUndo: false, canRedo: true });
    editor.undo();
    expect(editor.state.getState().said).toBe("nothing to undo");
    editor.redo();
    expect(rowsOf(editor.edit)).toEqual(["0000", "1111", "0000"]);
  });

  it("takes a stroke back that is broken off, and keeps what was before it", () => {
    const editor = editorOf("000");
    drag(editor, at(0, 0));
    editor.press(at(1, 0));
    editor.drag(at(2, 0));
    editor.undo();
    expect(rowsOf(editor.edit)).toEqual(["100"]);
    expect(editor.state.getState().drawing).toBe(false);
  });

  it("moves a part, scales it at a corner, copies it, and removes it", () => {
    const editor = editorOf("20000000", "00000000", "00000000", "00000000");
    editor.choose("move");
    drag(editor, at(0, 0), at(2, 1));
    expect(rowsOf(editor.edit)).toEqual(["00000000", "00200000", "00000000", "00000000"]);
    // Zoomed in, so that a handle is smaller than a pixel.
    editor.setWindow({ width: 640, height: 320 });
    editor.press({ x: 3, y: 2, pressure: 0.5 });
    editor.drag({ x: 4, y: 4, pressure: 0.5 });
    editor.release();
    expect(rowsOf(editor.edit)).toEqual(["00000000", "00220000", "00220000", "00220000"]);
    editor.duplicate();
    editor.step(1, 0, true);
    editor.step(1, 0, true);
    expect(rowsOf(editor.edit)).toEqual(["00000000", "00220000", "00220220", "00220220"]);
    editor.remove();
    expect(rowsOf(editor.edit)).toEqual(["00000000", "00220000", "00220000", "00220000"]);
  });

  it("grows and shrinks the chosen part, and scales what is up instead", () => {
    const editor = editorOf("00000", "00000", "00100", "00000", "00000");
    editor.grow();
    expect(rowsOf(editor.edit)).toEqual(["00000", "00100", "01110", "00100", "00000"]);
    editor.shrink();
    expect(rowsOf(editor.edit)).toEqual(["00000", "00000", "00100", "00000", "00000"]);
    editor.choose("move");
    drag(editor, at(2, 2));
    editor.grow();
    expect(editor.state.getState().piece?.box).toMatchObject({ width: 2, height: 2 });
  });

  it("does not change locked parts, by any tool", () => {
    const editor = editorOf("0022", "0022");
    editor.toggleLock(2);
    drag(editor, at(0, 0), at(3, 0));
    editor.chooseLabel(2);
    editor.shrink();
    editor.choose("move");
    drag(editor, at(3, 1), at(0, 1));
    expect(rowsOf(editor.edit)).toEqual(["1122", "0022"]);
    editor.toggleLock(2);
    drag(editor, at(3, 1), at(3, 2));
    expect(rowsOf(editor.edit)).toEqual(["1111", "0022"]);
  });

  it("leaves strokes to their keeper, who undoes them; nothing else changes the mask then", () => {
    const said: unknown[] = [];
    const keeper = {
      keep: (stroke: unknown) => said.push(stroke),
      undo: () => said.push("undo"),
      redo: () => said.push("redo"),
      lock: (label: number, locked: boolean) => said.push(`lock ${label} ${locked}`),
    };
    const editor = new MaskEditor({ mask: maskOf("0000"), classes, erased: 0, keeper });
    editor.setSize(3);
    drag(editor, at(0, 0), at(2, 0));
    editor.press(at(3, 0));
    editor.undo();
    editor.choose("eraser");
    drag(editor, at(1, 0));
    editor.choose("fill");
    expect(editor.state.getState().tool).toBe("eraser");
    expect(said).toEqual([
      { label: 1, radius: 1.5, points: [at(0, 0), at(2, 0)] },
      { label: 0, radius: 1.5, points: [at(1, 0)] },
    ]);
    press(editor, "z", { command: true });
    press(editor, "y", { command: true });
    expect(said.slice(2)).toEqual(["undo", "redo"]);
    // Who keeps the strokes keeps the locks, and hears of no stroke of a part that is locked.
    editor.toggleLock(1);
    expect(said.slice(4)).toEqual(["lock 1 true"]);
    editor.setLocked(new Set([1]));
    editor.choose("brush");
    drag(editor, at(0, 0), at(3, 0));
    expect([said.length, editor.state.getState().said]).toEqual([5, "sky is locked"]);
    editor.setLocked(new Set());
    for (const key of [",", ".", "d", "Delete", "f", "l", "v"]) expect(press(editor, key), key).toBe(false);
    expect(editor.state.getState().canUndo).toBe(false);
    editor.setSteps({ canUndo: true, canRedo: false });
    editor.load(Uint8Array.of(1, 2, 1, 2));
    expect(editor.state.getState()).toMatchObject({ canUndo: true, canRedo: false });
  });

  it("sees all of the mask until something else is asked, and keeps the place under the pointer when it zooms", () => {
    const editor = new MaskEditor({ mask: blank(100, 50), classes });
    editor.setWindow({ width: 400, height: 400 });
    expect(editor.state.getState().view).toEqual({ scale: 4, left: 0, top: 100 });
    editor.setWindow({ width: 200, height: 200 });
    expect(editor.state.getState().view).toEqual({ scale: 2, left: 0, top: 50 });
    editor.zoom(2, { x: 50, y: 60 });
    expect(editor.state.getState().view).toEqual({ scale: 4, left: -50, top: 40 });
    editor.pan({ x: -9999, y: 0 });
    expect(editor.state.getState().view.left).toBe(48 - 400);
    editor.fit();
    expect(editor.state.getState().view.scale).toBe(2);
    editor.zoom(1e-9);
    expect(editor.state.getState().view.scale).toBe(1);
    editor.zoom(1e9);
    expect(editor.state.getState().view.scale).toBe(64);
  });

  it("moves the view with the hand, so that the place under it stays under it", () => {
    const editor = new MaskEditor({ mask: blank(100), classes });
    editor.setWindow({ width: 100, height: 100 });
    editor.zoom(2, { x: 0, y: 0 });
    editor.choose("hand");
    editor.press({ x: 20, y: 20, pressure: 0.5 });
    editor.drag({ x: 15, y: 20, pressure: 0.5 });
    expect(editor.state.getState().view).toEqual({ scale: 2, left: -10, top: 0 });
  });
});

describe("shortcuts", () => {
  it("paint without a pointer: the cursor goes by pixels, the pen goes down and up", () => {
    const editor = editorOf("00000", "00000", "00000");
    press(editor, "ArrowUp", { shift: true });
    press(editor, "ArrowUp", { shift: true });
    expect(editor.state.getState().cursor).toEqual({ x: 2.5, y: 0.5 });
    press(editor, " ");
    press(editor, "ArrowRight", { shift: true });
    press(editor, "ArrowRight", { shift: true });
    press(editor, "ArrowRight", { shift: true });
    press(editor, " ");
    expect(rowsOf(editor.edit)).toEqual(["00111", "00000", "00000"]);
    press(editor, "z", { command: true });
    expect(rowsOf(editor.edit)).toEqual(["00000", "00000", "00000"]);
    press(editor, "Z", { command: true, shift: true });
    press(editor, "f");
    press(editor, "3");
    press(editor, "Enter");
    expect(rowsOf(editor.edit)).toEqual(["00222", "00000", "00000"]);
    expect(editor.state.getState().drawing).toBe(false);
    press(editor, "Escape");
    expect(editor.state.getState().cursor).toBeUndefined();
  });

  it("move a part without a pointer", () => {
    const editor = editorOf("000", "020", "000");
    press(editor, "v");
    press(editor, "ArrowUp", { shift: true });
    press(editor, " ");
    press(editor, " ");
    press(editor, "ArrowLeft", { shift: true });
    press(editor, "ArrowDown", { shift: true });
    expect(rowsOf(editor.edit)).toEqual(["000", "000", "200"]);
    press(editor, "Delete");
    expect(rowsOf(editor.edit)).toEqual(["000", "000", "000"]);
  });

  it("choose tools, parts, sizes and locks, and leave other keys alone", () => {
    const editor = editorOf("000");
    press(editor, "e");
    expect(editor.state.getState().tool).toBe("eraser");
    press(editor, "n");
    press(editor, "n");
    expect(editor.state.getState().label).toBe(2);
    press(editor, "p");
    press(editor, "k");
    expect(editor.state.getState()).toMatchObject({ label: 1, said: "sky locked" });
    press(editor, "]");
    expect(editor.state.getState().size).toBe(2);
    press(editor, "[");
    press(editor, "[");
    expect(editor.state.getState().size).toBe(1);
    expect(press(editor, "q")).toBe(false);
    expect(press(editor, "b", { command: true })).toBe(false);
    expect(press(editor, "Tab")).toBe(false);
  });

  it("are each shown, and no key is obeyed twice", () => {
    const all = shortcutsOf(editorOf("0"));
    for (const { keys, help } of all) expect(`${keys}${help}`.length).toBeGreaterThan(6);
    for (const key of [..."beflvihknp[]123456789,.d+-0z ", "ArrowUp", "Escape", "Delete"])
      expect(
        all.filter(({ matches }) => matches({ key, command: false, shift: false })).length,
        key,
      ).toBeLessThanOrEqual(1);
  });
});
