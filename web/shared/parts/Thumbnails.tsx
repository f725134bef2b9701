/** Thumbnails of the parts, drawn when K has come to rest. */
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { useCalled, useParts, useRest } from "./context.tsx";
import { drawThumbnail, type Sight, sightsOf } from "./sights.ts";

/** Thumbnails that are drawn in one go. */
const AT_ONCE = 12;

/** Side of a thumbnail, in canvas pixels. */
const SIDE = 72;

/** Everything but the part fades into the page's paper. */
const VEIL = { light: [251, 250, 248, 214], dark: [20, 21, 23, 214] } as const;

type Register = (id: number, canvas: HTMLCanvasElement) => () => void;
const Context = createContext<Register | null>(null);

/** Draws the thumbnails of what is within. */
export function Thumbnails({ children }: { readonly children: ReactNode }) {
  const { model, store } = useParts();
  const { groups } = useCalled();
  const { canvas: form } = model.data;
  const images = useLoaded(form.kind === "images" ? form.sources : NONE);
  const canvases = useRef(new Map<number, HTMLCanvasElement>());
  const drawing = useRef(0);

  const drawAll = (): void => {
    if (form.kind !== "images" || images === null) return;
    const { k, mode } = store.getState();
    const clusters = model.idsAt(k, mode);
    const ids = new Uint16Array(clusters.length);
    for (let n = 0; n < ids.length; n++) ids[n] = groups.of[clusters[n]];
    const veil = matchMedia("(prefers-color-scheme: dark)").matches ? VEIL.dark : VEIL.light;
    const sights: ReadonlyMap<number, Sight> = sightsOf(ids, form.resolution);
    clearTimeout(drawing.current);
    const waiting = [...canvases.current];
    // A few in each frame: the slider may move on meanwhile.
    const drawSome = (): void => {
      for (const [id, canvas] of waiting.splice(0, AT_ONCE)) {
        const sight = sights.get(id);
        canvas.hidden = sight === undefined;
        if (sight) drawThumbnail(canvas, images[sight.picture], form.width, ids, form.resolution, id, sight, veil);
      }
      if (waiting.length > 0) drawing.current = setTimeout(drawSome);
    };
    drawSome();
  };
  useRest(drawAll, [images, groups]);
  useEffect(() => () => clearTimeout(drawing.current), []);
  const [register] = useState(() => (id: number, canvas: HTMLCanvasElement) => {
    canvases.current.set(id, canvas);
    return () => canvases.current.delete(id);
  });
  return <Context value={form.kind === "images" ? register : null}>{children}</Context>;
}

/** The thumbnail of one part; `fallback` where there are no pictures. */
export function Thumbnail({ id, fallback }: { readonly id: number; readonly fallback: ReactNode }) {
  const register = useContext(Context);
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (register && ref.current) return register(id, ref.current);
  }, [register, id]);
  return register ? <canvas ref={ref} width={SIDE} height={SIDE} /> : fallback;
}

const NONE: readonly string[] = [];

/** The pictures as they can be drawn; null until all have been read. */
function useLoaded(sources: readonly string[]): readonly HTMLImageElement[] | null {
  const [images, setImages] = useState<readonly HTMLImageElement[] | null>(null);
  useEffect(() => {
    let wanted = true;
    const all = sources.map((source) => {
      const image = new Image();
      image.src = source;
      return image.decode().then(() => image);
    });
    void Promise.all(all).then((loaded) => wanted && setImages(loaded));
    return () => {
      wanted = false;
    };
  }, [sources]);
  return images;
}
