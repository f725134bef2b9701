import { useEffect, useMemo, useRef } from "react";
import { keepDrawn } from "./drawing.ts";
import type { MaskEditor } from "./editor.ts";
import { colorTable, MaskImage } from "./maskImage.ts";
import { Overlay } from "./Overlay.tsx";
import { followPointers } from "./pointers.ts";

interface Props {
  readonly editor: MaskEditor;
  /** A picture of the mask's extent under it. */
  readonly under?: CanvasImageSource | undefined;
}

/** The mask, to be drawn on by pointers, and by keys when it has the focus. */
export function MaskCanvas({ editor, under }: Props) {
  const field = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const image = useMemo(() => new MaskImage(editor.edit, colorTable(editor.classes)), [editor]);
  useEffect(() => keepDrawn(editor, canvas.current!, image, under), [editor, image, under]);
  useEffect(() => followPointers(editor, field.current!), [editor]);
  const { width, height } = editor.edit;
  return (
    <div
      ref={field}
      className="mask-field"
      style={{ aspectRatio: width / height, maxWidth: `${(80 * width) / height}vh` }}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes keys
      tabIndex={0}
      aria-roledescription="mask editor"
      aria-label={`Mask of ${width} by ${height} pixels: arrows move, Space draws, ? shows all keys`}
    >
      <canvas ref={canvas} />
      <Overlay editor={editor} />
    </div>
  );
}
