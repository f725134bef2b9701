import { useEffect, useEffectEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import type { MaskEditor } from "./editor.ts";
import { MaskCanvas } from "./MaskCanvas.tsx";
import { Palette } from "./Palette.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { obey } from "./shortcuts.ts";
import { Toolbar } from "./Toolbar.tsx";
import "./maskEditor.css";

/** Keys by which buttons, lists and sliders work: they are the editor's on the mask alone. */
const OF_CONTROLS = new Set([" ", "Enter", "Escape", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Delete"]);

/** Opacity of a mask over a picture, to begin with. */
const OVER_PICTURE = 0.6;

interface Props {
  readonly editor: MaskEditor;
  /** A picture of the mask's extent under it; a slider shows it through the mask. */
  readonly under?: CanvasImageSource | undefined;
  /** Addresses of small pictures of the parts, by label. */
  readonly thumbnails?: ReadonlyMap<number, string> | undefined;
}

/** A mask to be painted, with its tools, its parts and its keys. */
export function MaskEditorView({ editor, under, thumbnails }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const [help, setHelp] = useState(false);
  const said = useStore(editor.state, (state) => state.said);
  const onKeyDown = useEffectEvent((event: KeyboardEvent): void => {
    const { key, target } = event;
    if (!(target instanceof HTMLElement) || event.defaultPrevented) return;
    const onMask = target.role === "application";
    const command = event.ctrlKey || event.metaKey;
    // A list finds parts by letters that are typed.
    if (!onMask && !command && (OF_CONTROLS.has(key) || target.closest("[role=grid], [role=dialog]") !== null)) return;
    if (key === "?") setHelp(true);
    else if (!obey(editor, { key, command, shift: event.shiftKey })) return;
    event.preventDefault();
  });
  useEffect(() => {
    // A mask that hides its picture would be drawn blindly.
    if (under !== undefined && editor.state.getState().opacity === 1) editor.setOpacity(OVER_PICTURE);
  }, [editor, under]);
  useEffect(() => {
    const ending = new AbortController();
    root.current!.addEventListener("keydown", onKeyDown, { signal: ending.signal });
    // A button that was pressed and can be pressed no more has lost the focus: keys that nobody else gets are the editor's too.
    document.addEventListener("keydown", (event) => event.target === document.body && onKeyDown(event), ending);
    return () => ending.abort();
  }, []);
  const { width, height } = editor.edit;
  return (
    // The parts stand beside the mask, also where it is as high as the window and not as wide.
    <div ref={root} className="mask-editor" style={{ maxWidth: `calc(${(80 * width) / height}vh + 14rem)` }}>
      <Toolbar editor={editor} hasUnder={under !== undefined} onHelp={() => setHelp(true)} />
      <MaskCanvas editor={editor} under={under} />
      <Palette editor={editor} thumbnails={thumbnails} />
      <p className="visually-hidden" role="status">
        {said}
      </p>
      <Shortcuts editor={editor} isOpen={help} onOpenChange={setHelp} />
    </div>
  );
}
