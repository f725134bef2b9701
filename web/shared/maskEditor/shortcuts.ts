/** The keys of the editor: one table, which is obeyed and shown. */
import type { MaskEditor } from "./editor.ts";
import type { Tool } from "./tools.ts";

/** A key press; `command` is Ctrl, or ⌘ on a Mac. */
export interface Press {
  readonly key: string;
  readonly command: boolean;
  readonly shift: boolean;
}

export interface Shortcut {
  /** As shown. */
  readonly keys: string;
  readonly help: string;
  /** Changes the mask other than by a stroke. */
  readonly whole?: true;
  /** Locks parts. */
  readonly locks?: true;
  matches(press: Press): boolean;
  run(editor: MaskEditor, press: Press): void;
}

const plain =
  (...keys: string[]) =>
  ({ key, command }: Press): boolean =>
    !command && keys.includes(key.length === 1 ? key.toLowerCase() : key);
const command =
  (...keys: string[]) =>
  (press: Press): boolean =>
    press.command && keys.includes(press.key.toLowerCase());

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const tools = (list: readonly Tool[]): Shortcut[] =>
  list.map(({ id, title, help, key }) => ({
    ...{ keys: key.toUpperCase(), help: `${title}: ${help}`, matches: plain(key) },
    run: (editor) => editor.choose(id),
  }));

/** All but those of the tools. */
const OTHERS: readonly Shortcut[] = [
  {
    ...{ keys: "[ ]", help: "Brush smaller, larger", matches: plain("[", "]") },
    run: (editor, { key }) => {
      const { size } = editor.state.getState();
      editor.setSize(key === "[" ? Math.min(size - 1, size / 1.25) : Math.max(size + 1, size * 1.25));
    },
  },
  {
    ...{ keys: "1 … 9", help: "Choose one of the first nine parts", matches: plain(..."123456789") },
    run: (editor, { key }) => editor.chooseLabel(Number(key) - 1),
  },
  {
    ...{ keys: "P N", help: "Previous, next part", matches: plain("p", "n") },
    run: (editor, { key }) => editor.chooseLabel(editor.state.getState().label + (key.toLowerCase() === "p" ? -1 : 1)),
  },
  {
    ...{ keys: "K", help: "Lock or unlock the chosen part", matches: plain("k") },
    locks: true,
    run: (editor) => editor.toggleLock(editor.state.getState().label),
  },
  {
    ...{ keys: ", .", help: "Shrink, grow the chosen part, or scale what is being moved", matches: plain(",", ".") },
    whole: true,
    run: (editor, { key }) => (key === "," ? editor.shrink() : editor.grow()),
  },
  {
    ...{ keys: "Ctrl+Z", help: "Undo a stroke", matches: (press) => command("z")(press) && !press.shift },
    run: (editor) => editor.undo(),
  },
  {
    keys: "Ctrl+Shift+Z",
    help: "Do it again (Ctrl+Y too)",
    matches: (press) => command("y")(press) || (command("z")(press) && press.shift),
    run: (editor) => editor.redo(),
  },
  {
    ...{ keys: "D", help: "Duplicate what is being moved (dragging with Alt too)", matches: plain("d") },
    whole: true,
    run: (editor) => editor.duplicate(),
  },
  {
    ...{ keys: "Delete", help: "Remove what is being moved", matches: plain("Delete", "Backspace") },
    whole: true,
    run: (editor) => editor.remove(),
  },
  {
    ...{ keys: "+ − 0", help: "Zoom in, out, show all (Ctrl+wheel, two fingers)", matches: plain("+", "=", "-", "0") },
    run: (editor, { key }) => (key === "0" ? editor.fit() : editor.zoom(key === "-" ? 1 / 1.25 : 1.25)),
  },
  {
    keys: "Arrows",
    help: "Move the cursor, or what is being moved; with Shift by a pixel",
    matches: ({ key, command: held }) => !held && key in ARROWS,
    run: (editor, { key, shift }) => editor.step(...(ARROWS[key] as [number, number]), shift),
  },
  {
    ...{ keys: "Space", help: "Pen down, pen up at the cursor", matches: plain(" ", "Enter") },
    run: (editor) => editor.togglePen(),
  },
  {
    ...{ keys: "Esc", help: "Take back the stroke under way, let go", matches: plain("Escape") },
    run: (editor) => (editor.state.getState().drawing ? editor.cancel() : editor.leave()),
  },
];

/** Those of an editor. */
export const shortcutsOf = (editor: Pick<MaskEditor, "tools" | "keeper" | "canLock">): readonly Shortcut[] => [
  ...tools(editor.tools),
  ...OTHERS.filter(({ whole, locks }) => (!whole || editor.keeper === undefined) && (!locks || editor.canLock)),
];

/** Does what a key asks for; false where it asks for nothing. */
export function obey(editor: MaskEditor, press: Press): boolean {
  const shortcut = shortcutsOf(editor).find(({ matches }) => matches(press));
  shortcut?.run(editor, press);
  return shortcut !== undefined;
}
