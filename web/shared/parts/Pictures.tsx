/** The sample pictures with their parts over them: one large with a film strip, or all of them. */
import { type ComponentProps, type KeyboardEvent, type MouseEvent, useEffect, useRef } from "react";
import type { ImageCanvas } from "../../../src/project/report/data.ts";
import { Segmented } from "../ui/Segmented.tsx";
import { useShown } from "../ui/shown.ts";
import { useCalled, useChosen, useDispatch, useFrame, useParts, useRest } from "./context.tsx";
import { labelsAcross, outlineScale, paintLabels } from "./labelPaint.ts";
import { focusOf, type Layout, type Place, type State } from "./state.ts";

/** Pictures up to this side are shown with their pixels. */
const PIXELATED_SIDE = 128;

const LAYOUTS = [
  { value: "one", text: "One", title: "One large picture" },
  { value: "all", text: "All", title: "All pictures beside each other" },
] as const satisfies readonly { value: Layout; text: string; title: string }[];

export function Pictures({ images }: { readonly images: ImageCanvas }) {
  const layout = useChosen((state) => state.layout);
  const view = useChosen((state) => state.view);
  const picture = useChosen((state) => state.picture);
  const dispatch = useDispatch();
  const pixelated = Math.max(images.width, images.height) <= PIXELATED_SIDE;
  return (
    <div id="tiles" className={pixelated ? "images pixelated" : "images"} data-view={view}>
      <div className="stage-head">
        <Segmented
          label="Pictures"
          segments={LAYOUTS}
          value={layout}
          onChange={(value) => dispatch({ type: "set", values: { layout: value } })}
        />
        {layout === "one" && <span className="caption">{images.captions[picture]}</span>}
      </div>
      {layout === "one" ? (
        <>
          <Picture key={picture} images={images} index={picture} />
          {images.sources.length > 1 && <FilmStrip images={images} />}
        </>
      ) : (
        <div className="grid">
          {images.captions.map((caption, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: pictures never move
            <figure key={index}>
              <Picture images={images} index={index} />
              <figcaption>
                <button
                  type="button"
                  className="quiet"
                  title="Show it large"
                  onClick={() => {
                    dispatch({ type: "picture", index });
                    dispatch({ type: "set", values: { layout: "one" } });
                  }}
                >
                  {caption}
                </button>
              </figcaption>
            </figure>
          ))}
        </div>
      )}
    </div>
  );
}

interface PictureProps {
  readonly images: ImageCanvas;
  readonly index: number;
}

/** A picture whose parts answer the pointer, and arrow keys that move a crosshair. */
function Picture({ images, index }: PictureProps) {
  const { model, store } = useParts();
  const { resolution } = images;
  const place = useRef<HTMLDivElement>(null);
  const cross = useRef<HTMLDivElement>(null);
  const { dispatch } = store;

  const boxOf = (): DOMRect => place.current!.getBoundingClientRect();
  const cell = (x: number, size: number): number =>
    Math.min(resolution - 1, Math.max(0, Math.floor((x / size) * resolution)));
  const idAt = ({ x, y }: Place): number => {
    const box = boxOf();
    const pixel = cell(y - box.top, box.height) * resolution + cell(x - box.left, box.width);
    const { k, mode } = store.getState();
    return model.idsAt(k, mode)[index * model.pixels + pixel];
  };
  const point = (at: Place): void => dispatch({ type: "hover", id: idAt(at), place: at });
  const isolate = (at: Place): void => dispatch({ type: "isolate", id: idAt(at), place: at });
  const placeOf = (event: MouseEvent): Place => ({ x: event.clientX, y: event.clientY });

  /** The crosshair's pixel, from 0 to the resolution. */
  const at = useRef({ x: Math.floor(resolution / 2), y: Math.floor(resolution / 2) });
  const crossPlace = (): Place => {
    const box = boxOf();
    const along = (pixel: number, size: number): number => ((pixel + 0.5) / resolution) * size;
    return { x: box.left + along(at.current.x, box.width), y: box.top + along(at.current.y, box.height), byKeys: true };
  };
  const move = (x: number, y: number): void => {
    const within = (pixel: number): number => Math.min(resolution - 1, Math.max(0, pixel));
    at.current = { x: within(at.current.x + x), y: within(at.current.y + y) };
    cross.current!.hidden = false;
    cross.current!.style.left = `${(100 * (at.current.x + 0.5)) / resolution}%`;
    cross.current!.style.top = `${(100 * (at.current.y + 0.5)) / resolution}%`;
    point(crossPlace());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = Math.max(1, Math.round(resolution / (event.shiftKey ? 8 : 32)));
    if (event.key === "ArrowLeft") move(-by, 0);
    else if (event.key === "ArrowRight") move(by, 0);
    else if (event.key === "ArrowUp") move(0, -by);
    else if (event.key === "ArrowDown") move(0, by);
    else if (event.key === "Enter" || event.key === " ") {
      move(0, 0);
      isolate(crossPlace());
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className="stack"
      ref={place}
      onPointerMove={(event) => point(placeOf(event))}
      onPointerLeave={(event) => {
        if (event.pointerType === "mouse") dispatch({ type: "hover", id: null });
      }}
    >
      <img
        src={images.sources[index]}
        alt={images.captions[index]}
        width={images.width}
        height={images.height}
        draggable={false}
      />
      <LabelCanvas
        images={images}
        index={index}
        role="application"
        tabIndex={0}
        aria-roledescription="picture with parts"
        onClick={(event) => isolate(placeOf(event))}
        onKeyDown={onKeyDown}
        onBlur={() => {
          cross.current!.hidden = true;
          dispatch({ type: "hover", id: null });
        }}
      />
      <div className="cross" ref={cross} hidden />
    </div>
  );
}

/** All pictures, small; the one that is chosen is shown large. */
function FilmStrip({ images }: { readonly images: ImageCanvas }) {
  const picture = useChosen((state) => state.picture);
  const dispatch = useDispatch();
  const strip = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tile = strip.current?.children[picture];
    if (!(strip.current && tile instanceof HTMLElement)) return;
    // Without moving the page, as scrollIntoView() would.
    strip.current.scrollLeft = tile.offsetLeft - strip.current.offsetLeft - strip.current.clientWidth / 2 + 32;
  }, [picture]);
  return (
    <div className="strip" ref={strip} role="radiogroup" aria-label="Picture to show large">
      {images.captions.map((caption, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pictures never move
        <label key={index} className="stack" title={caption}>
          <img src={images.sources[index]} alt="" draggable={false} />
          <LabelCanvas images={images} index={index} silent />
          <input
            type="radio"
            name="picture"
            aria-label={caption}
            checked={index === picture}
            onChange={() => dispatch({ type: "picture", index })}
          />
        </label>
      ))}
    </div>
  );
}

interface LabelCanvasProps extends PictureProps, ComponentProps<"canvas"> {
  /** Whether something else says what it shows. */
  readonly silent?: boolean;
}

/** The parts of a picture. In sight it is drawn once per frame, outside React's render; elsewhere when K has come to rest. */
function LabelCanvas({ images, index, silent = false, ...rest }: LabelCanvasProps) {
  const { model, store } = useParts();
  const { groups } = useCalled();
  const ref = useRef<HTMLCanvasElement>(null);
  const stale = useRef(true);
  const paint = (): void => {
    const canvas = ref.current;
    if (canvas === null || !stale.current) return;
    stale.current = false;
    const now = store.getState();
    const focus = focusOf(now);
    const { resolution } = images;
    const side = shown.current.width * devicePixelRatio;
    const across = labelsAcross(side, resolution);
    paintLabels(canvas, model.idsAt(now.k, now.mode), index * model.pixels, resolution, {
      groups,
      across,
      // Pictures alone still answer the pointer: the part in focus shows through.
      opacity: now.view === "parts" ? 1 : now.view === "overlay" || focus !== null ? now.opacity : 0,
      focus: focus === null ? null : [focus],
      scale: now.outline && (now.view !== "image" || focus !== null) ? outlineScale(side, across) : 1,
    });
  };
  const repaint = (): void => {
    stale.current = true;
    paint();
  };
  const shown = useShown(ref, repaint);
  useFrame(
    (now, before) => {
      if (before && sameLook(now, before)) return;
      stale.current = true;
      if (shown.current.visible) paint();
    },
    [model, groups, images, index],
  );
  useRest(() => {
    paint();
    if (silent) return;
    const { k, mode } = store.getState();
    const ids = model.idsAt(k, mode);
    const seen = new Uint8Array(model.rgb.length);
    for (let n = index * model.pixels; n < (index + 1) * model.pixels; n++) seen[ids[n]] = 1;
    const present = seen.reduce((sum, one) => sum + one, 0);
    ref.current?.setAttribute("aria-label", `${images.captions[index]}: ${present} of ${k} parts in sight`);
  }, [model, groups, images, index]);
  return <canvas ref={ref} {...rest} />;
}

const sameLook = (a: State, b: State): boolean =>
  a.k === b.k &&
  a.mode === b.mode &&
  a.view === b.view &&
  a.opacity === b.opacity &&
  a.outline === b.outline &&
  focusOf(a) === focusOf(b);
