/** What lies over the mask and is no part of it: the brush's ring, the lasso's line, the box of what is moved, the cursor of the keys. */
import { useStore } from "zustand";
import type { MaskEditor } from "./editor.ts";
import { cornersOf } from "./tools.ts";
import { onScreen } from "./view.ts";

const HANDLE = 9;

export function Overlay({ editor }: { readonly editor: MaskEditor }) {
  const { view, outline, piece, hover, cursor, tool, size } = useStore(editor.state);
  const at = cursor ?? hover;
  const ring = tool === "brush" || tool === "eraser";
  const box = piece && {
    ...onScreen(view, { x: piece.box.left, y: piece.box.top }),
    width: piece.box.width * view.scale,
    height: piece.box.height * view.scale,
  };
  const middle = at && onScreen(view, at);
  return (
    <svg className="mask-overlay" aria-hidden="true">
      {outline.length > 1 && (
        <polygon className="twice" points={outline.map((p) => Object.values(onScreen(view, p)).join(",")).join(" ")} />
      )}
      {piece && box && (
        <>
          <rect className="twice" {...box} />
          {cornersOf(piece.box).map((corner, i) => {
            const { x, y } = onScreen(view, corner);
            const place = { x: x - HANDLE / 2, y: y - HANDLE / 2 };
            // biome-ignore lint/suspicious/noArrayIndexKey: a corner is its place in the list
            return <rect key={i} className="handle" {...place} width={HANDLE} height={HANDLE} />;
          })}
        </>
      )}
      {middle && ring && (
        <circle className="twice" cx={middle.x} cy={middle.y} r={Math.max(1, (size / 2) * view.scale)} />
      )}
      {middle && cursor && (
        <path className="twice" d={`M${middle.x - 9} ${middle.y}h18M${middle.x} ${middle.y - 9}v18`} />
      )}
    </svg>
  );
}
