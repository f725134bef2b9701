/** Curves and dendrogram over one common axis of K. A cursor at K crosses them all; dragging it sets K. */
import { type MouseEvent, type PointerEvent, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { COLLAPSE_SHARE } from "../../../src/project/report/stops.ts";
import { percent } from "../format.ts";
import { Chart, chartsOf } from "./Curves.tsx";
import { useFrame, useParts } from "./context.tsx";
import { Dendrogram, leafAt } from "./Dendrogram.tsx";
import { type KScale, kScale } from "./kAxis.ts";
import type { Model } from "./model.ts";

/** How far a finger must move sideways before it drags the cursor, in pixels. */
const SIDEWAYS = 8;

/** What the reader should know before trusting a high IoU, or null. */
function collapseOf(model: Model): string | null {
  const collapsed = model.figures.find(({ largest }) => largest > COLLAPSE_SHARE);
  if (!collapsed) return null;
  const advice = model.data.criterion === "paper" ? " The pair criterion (--criterion pair) avoids this." : "";
  return `From K = ${collapsed.k} down, one cluster holds over ${percent(COLLAPSE_SHARE)} of the pixels. Its IoU is high by size alone.${advice}`;
}

export function OverK() {
  const { model } = useParts();
  const { stops } = model.data;
  const collapse = collapseOf(model);
  return (
    <section id="over-k" aria-labelledby="over-k-title">
      <h2 id="over-k-title">
        From <i>K</i> = {model.hierarchy.maxK} to {model.hierarchy.minK}
      </h2>
      <p className="lead">
        {stops.length
          ? `Suggested stops: ${stops.join(", ")}. There the lowest IoU rises furthest above that of every larger K: the worst cluster was just resolved. `
          : `No K stands out as a stop: none up to half of K0 at which the lowest IoU rises while every cluster stays below ${percent(COLLAPSE_SHARE)} of the pixels. `}
        Click or drag to set K.
      </p>
      {collapse && (
        <p className="warning" role="note">
          {collapse}
        </p>
      )}
      <Stack />
    </section>
  );
}

function Stack() {
  const { model, store } = useParts();
  const { dispatch } = store;
  const stack = useRef<HTMLDivElement>(null);
  const dendrogram = useRef<HTMLDivElement>(null);
  const width = useWidth(stack);
  const scale = useMemo(() => (width === 0 ? null : kScale(model, width)), [model, width]);
  const charts = useMemo(() => chartsOf(model), [model]);

  const scrub = (event: MouseEvent): void => {
    if (scale) dispatch({ type: "setK", k: scale.invert(event.clientX - stack.current!.getBoundingClientRect().left) });
  };
  /** Where the pointer went down while it drags the cursor. A finger may be scrolling: it must move sideways first. */
  const downAt = useRef<number | null>(null);
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    if (event.pointerType === "mouse") {
      stack.current!.setPointerCapture(event.pointerId);
      scrub(event);
    }
    downAt.current = event.clientX;
  };
  const onPointerMove = (event: PointerEvent): void => {
    if (downAt.current !== null) {
      if (event.pointerType === "mouse" || Math.abs(event.clientX - downAt.current) > SIDEWAYS) scrub(event);
      return;
    }
    const box = dendrogram.current!.getBoundingClientRect();
    const leaf = event.clientY < box.top ? null : leafAt(model, event.clientY - box.top);
    const id = leaf === null ? null : model.hierarchy.ownersAt(store.getState().k)[leaf];
    dispatch({ type: "hover", id, place: { x: event.clientX, y: event.clientY } });
  };
  const lift = (): void => {
    downAt.current = null;
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a shortcut for the pointer; keys have the slider
    // biome-ignore lint/a11y/useKeyWithClickEvents: a shortcut for the pointer; keys have the slider
    <div
      className="stack-over-k"
      ref={stack}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={lift}
      onPointerCancel={lift}
      onPointerLeave={() => dispatch({ type: "hover", id: null })}
      onClick={scrub}
    >
      {charts.map((chart) => (
        <Chart key={chart.title} chart={chart} width={width} />
      ))}
      <div className="chart">
        <div className="chart-head">
          <h3>Merges</h3>
          <span>each line a cluster, thick where it is large; it ends where it joins another</span>
        </div>
        <div className="dendrogram" ref={dendrogram}>
          {scale && <Dendrogram scale={scale} width={width} />}
        </div>
      </div>
      {scale && <Cursor scale={scale} />}
    </div>
  );
}

function Cursor({ scale }: { readonly scale: KScale }) {
  const ref = useRef<HTMLDivElement>(null);
  useFrame(
    ({ k }) => {
      ref.current!.style.transform = `translateX(${scale.apply(k)}px)`;
      ref.current!.firstElementChild!.textContent = String(k);
    },
    [scale],
  );
  return (
    <div className="cursor" ref={ref}>
      <span />
    </div>
  );
}

/** The width of an element in whole pixels; 0 until it is laid out. */
function useWidth(ref: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  const measured = useEffectEvent((next: number) => {
    if (next > 0) setWidth(next);
  });
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => measured(Math.round(entry.contentRect.width)));
    observer.observe(ref.current!);
    return () => observer.disconnect();
  }, [ref]);
  return width;
}
