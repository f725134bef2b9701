import type { MaskEditor } from "./editor.ts";
import { drawMask, type Layers, type MaskImage } from "./maskImage.ts";

/**
 * Keeps a canvas showing the editor's mask: once per frame in which something changed, and within the changed tiles alone unless the view or a
 * layer is another. `image` is the mask in colours, to be shared with whoever shows it too. Returns what ends that.
 */
export function keepDrawn(
  editor: MaskEditor,
  canvas: HTMLCanvasElement,
  image: MaskImage,
  under?: CanvasImageSource,
): () => void {
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("this browser draws no canvas");
  const changed = new Set<number>();
  let frame = 0;
  let drawn: Layers | undefined;
  const draw = (): void => {
    frame = 0;
    const { view, opacity } = editor.state.getState();
    const layers: Layers = { view, opacity, under, ratio: canvas.width / Math.max(1, canvas.clientWidth) };
    const same =
      drawn !== undefined && (["view", "opacity", "ratio"] as const).every((key) => drawn?.[key] === layers[key]);
    image.update(changed);
    if (!same) drawMask(context, image.canvas, layers);
    else if (changed.size > 0) drawMask(context, image.canvas, layers, changed);
    changed.clear();
    drawn = layers;
  };
  const later = (): void => {
    if (frame === 0) frame = requestAnimationFrame(draw);
  };
  const resize = (): void => {
    const ratio = window.devicePixelRatio;
    const [width, height] = [Math.round(canvas.clientWidth * ratio), Math.round(canvas.clientHeight * ratio)];
    if (width === 0 || height === 0) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    editor.setWindow({ width: canvas.clientWidth, height: canvas.clientHeight });
    // A canvas of another size is empty: what was drawn is gone.
    drawn = undefined;
    draw();
  };
  const observer = new ResizeObserver(resize);
  observer.observe(canvas);
  const ends = [
    editor.edit.watch((tile) => {
      changed.add(tile);
      later();
    }),
    editor.state.subscribe(later),
  ];
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    for (const end of ends) end();
  };
}
