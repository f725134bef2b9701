import type { MaskEditor } from "./editor.ts";
import type { Point } from "./raster.ts";
import type { PenPoint } from "./stroke.ts";
import { onMask } from "./view.ts";

/** Pressure of what measures none. */
const NO_PRESSURE = 0.5;
/** Zoom for a pixel of a wheel with Ctrl, or of two fingers on a pad. */
const WHEEL_ZOOM = 0.005;

const MIDDLE_BUTTON = 1;

/**
 * Lets mouse, pen and fingers work on the editor by an element over which the mask lies: one draws with the tool, two fingers move and zoom, the
 * middle button moves, Ctrl and the wheel zoom. While a pen is near, hands that rest on the screen do nothing. Returns what ends that.
 */
export function followPointers(editor: MaskEditor, element: HTMLElement): () => void {
  const ending = new AbortController();
  /** Fingers that are down, by their pointer. */
  const fingers = new Map<number, Point>();
  /** The pointer that draws, and the one that moves the view. */
  let drawing: number | undefined;
  let moving: { readonly id: number; readonly at: Point } | undefined;
  let penNear = false;

  const onElement = ({ clientX, clientY }: MouseEvent): Point => {
    const { left, top } = element.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const penAt = (event: PointerEvent): PenPoint => ({
    ...onMask(editor.state.getState().view, onElement(event)),
    pressure: event.pointerType === "pen" ? event.pressure : NO_PRESSURE,
  });
  const on = <K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void): void =>
    element.addEventListener(type, listener, { signal: ending.signal, passive: false });

  on("pointerdown", (event) => {
    if (event.pointerType === "touch" && penNear) return;
    element.setPointerCapture(event.pointerId);
    if (event.pointerType === "touch") {
      fingers.set(event.pointerId, onElement(event));
      if (fingers.size === 2) {
        editor.cancel();
        drawing = undefined;
      }
      if (fingers.size > 1) return;
    }
    if (event.button === MIDDLE_BUTTON) {
      event.preventDefault();
      moving = { id: event.pointerId, at: onElement(event) };
      return;
    }
    if (event.button !== 0 || drawing !== undefined) return;
    drawing = event.pointerId;
    editor.setHover(event.pointerType === "touch" ? undefined : penAt(event));
    editor.press(penAt(event), { copy: event.altKey, even: event.shiftKey });
  });

  on("pointermove", (event) => {
    if (event.pointerType === "pen") penNear = true;
    if (event.pointerType !== "touch") editor.setHover(penAt(event));
    if (moving?.id === event.pointerId) {
      const at = onElement(event);
      editor.pan({ x: at.x - moving.at.x, y: at.y - moving.at.y });
      moving = { id: event.pointerId, at };
    } else if (fingers.size > 1 && fingers.has(event.pointerId)) pinch(event);
    else if (drawing === event.pointerId) {
      // A fast hand makes more places than frames.
      const all = event.getCoalescedEvents();
      for (const one of all.length > 0 ? all : [event]) editor.drag(penAt(one));
    }
  });

  const pinch = (event: PointerEvent): void => {
    const [a, b] = [...fingers.values()];
    fingers.set(event.pointerId, onElement(event));
    const [c, d] = [...fingers.values()];
    const [from, to] = [middle(a, b), middle(c, d)];
    editor.pan({ x: to.x - from.x, y: to.y - from.y });
    editor.zoom(apart(c, d) / Math.max(1, apart(a, b)), to);
  };

  const up = (event: PointerEvent, done: boolean): void => {
    fingers.delete(event.pointerId);
    if (moving?.id === event.pointerId) moving = undefined;
    if (drawing !== event.pointerId) return;
    drawing = undefined;
    if (done) editor.release();
    else editor.cancel();
  };
  on("pointerup", (event) => up(event, true));
  on("pointercancel", (event) => up(event, false));
  on("pointerleave", (event) => {
    if (event.pointerType === "pen") penNear = false;
    editor.setHover(undefined);
  });

  on("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    editor.zoom(Math.exp(-event.deltaY * WHEEL_ZOOM), onElement(event));
  });
  return () => ending.abort();
}

const middle = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
const apart = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y);
