/** One merge, as in the paper's Fig. 6: the cluster p, its partner q, their confidence maps, the labels before and after. */
import { memo, type ReactNode, useEffect, useEffectEvent, useRef, useState } from "react";
import type { ImageCanvas } from "../../../src/project/report/data.ts";
import { decimals } from "../format.ts";
import { useCalled, useChosen, useDispatch, useFrame, useParts } from "./context.tsx";
import type { Groups } from "./groups.ts";
import { confidenceColor, paintConfidence, paintLabels, type Rgb } from "./labelPaint.ts";
import type { Model } from "./model.ts";
import { PartName } from "./PartName.tsx";
import { type Cloud, groupsOf, type PointGroup, paintPoints } from "./pointPaint.ts";
import type { Mode } from "./state.ts";

/** Columns of samples. */
const SHOWN = 6;

/** K has come to rest after so many milliseconds. */
const REST = 300;

/** Steps in which a scatter plot shows confidence. */
const LEVELS = 12;

/** A merge whose confidence maps have been inflated: p joins q at k. */
interface Merge {
  readonly k: number;
  readonly mode: Mode;
  readonly p: number;
  readonly q: number;
  /** 8-bit confidence maps of p and q. */
  readonly vp: Uint8Array;
  readonly vq: Uint8Array;
  /** At k. */
  readonly groups: Groups;
}

export function MergeStep({ cloud }: { readonly cloud: Cloud | null }) {
  const { model } = useParts();
  const k = useChosen((state) => state.k);
  const dispatch = useDispatch();
  const section = useRef<HTMLElement>(null);
  const merge = useShownMerge(section);
  const pair = pairAt(model, k);
  const { minK, maxK } = model.hierarchy;
  const { canvas } = model.data;
  return (
    <section id="merge" ref={section} aria-labelledby="merge-title">
      <div className="list-head">
        <h2 id="merge-title">
          {pair ? (
            <>
              The merge from <i>K</i> = {k} to {k - 1}
            </>
          ) : (
            "The merges end here"
          )}
        </h2>
        <div className="pager">
          <button type="button" disabled={k === maxK} onClick={() => dispatch({ type: "stepK", by: 1 })}>
            ← Merge before
          </button>
          <button type="button" disabled={k === minK} onClick={() => dispatch({ type: "stepK", by: -1 })}>
            Next merge →
          </button>
        </div>
      </div>
      <p className="lead">{pair ? <Explanation k={k} {...pair} /> : `${minK} clusters are left.`}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls sideways, by keys as well */}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset brings a frame and a legend */}
      <div className="board-frame" tabIndex={0} role="group" aria-label="The merge on sample images">
        <div className={cloud ? "board points" : "board"}>
          {merge && canvas.kind === "images" && <ImageBoard merge={merge} images={canvas} />}
          {merge && cloud && <PointBoard merge={merge} cloud={cloud} />}
        </div>
      </div>
    </section>
  );
}

/** The ids of the clusters that merge at `k`; null at the end. */
function pairAt(model: Model, k: number): { readonly p: number; readonly q: number } | null {
  const { removed, kept } = model.stepAt(k);
  const alive = model.hierarchy.aliveAt(k);
  return removed < 0 ? null : { p: alive[removed], q: alive[kept] };
}

/** While the section is out of sight, it follows when K has come to rest: a print shows the whole page. */
function useShownMerge(section: React.RefObject<HTMLElement | null>): Merge | null {
  const { model, store } = useParts();
  const { groups } = useCalled();
  const [merge, setMerge] = useState<Merge | null>(null);
  const visible = useRef(false);
  const stale = useRef(true);
  const resting = useRef(0);

  const redraw = async (): Promise<void> => {
    const { k, mode } = store.getState();
    stale.current = false;
    const step = model.stepAt(k);
    const pair = pairAt(model, k);
    if (pair === null) {
      setMerge(null);
      return;
    }
    const [vp, vq] = await Promise.all([
      model.confidence(step.rows[step.removed]),
      model.confidence(step.rows[step.kept]),
    ]);
    if (!vp || !vq) throw new Error(`the report lacks the confidence maps of the merge at K = ${k}`);
    // Inflating takes a moment; by then the reader may be elsewhere.
    const now = store.getState();
    if (now.k === k && now.mode === mode) setMerge({ k, mode, ...pair, vp, vq, groups });
  };
  const refresh = (): void => {
    clearTimeout(resting.current);
    if (!stale.current) return;
    if (visible.current) void redraw();
    else resting.current = setTimeout(redraw, REST);
  };
  useFrame(
    (now, before) => {
      if (before && now.k === before.k && now.mode === before.mode) return;
      stale.current = true;
      refresh();
    },
    [model, groups],
  );
  const onVisible = useEffectEvent((shown: boolean) => {
    visible.current = shown;
    refresh();
  });
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => onVisible(entry.isIntersecting), { rootMargin: "200px" });
    observer.observe(section.current!);
    return () => {
      observer.disconnect();
      clearTimeout(resting.current);
    };
  }, [section]);
  return merge;
}

function Explanation({ k, p, q }: { readonly k: number; readonly p: number; readonly q: number }) {
  const { model } = useParts();
  const step = model.stepAt(k);
  return (
    <>
      {model.data.criterion === "paper" ? (
        <>
          Of the {k} clusters, <PartName id={p} /> has the lowest IoU, {decimals(step.iou[step.removed])}. Its
          confidence overlaps most with <PartName id={q} /> (ECoS {decimals(step.score)}).{" "}
        </>
      ) : (
        <>
          <PartName id={p} /> and <PartName id={q} /> overlap most of all pairs (S = {decimals(step.score)}, balance{" "}
          {model.data.balance}); the smaller joins the larger.{" "}
        </>
      )}
      The union keeps the name of <PartName id={q} /> and gets one new SVM; the others stay as they are.
    </>
  );
}

type RowKey = "before" | "p" | "q" | "after";

function RowLabel({ row, merge }: { readonly row: RowKey; readonly merge: Merge }) {
  if (row === "before" || row === "after")
    return (
      <div className="row-label">
        <span>{row === "before" ? "Before" : "After"}</span>
      </div>
    );
  return (
    <div className="row-label">
      <PartName id={merge[row]} />
      <span>
        <i>v</i>
        <sub>{row}</sub>
      </span>
      <Ramp id={merge[row]} />
    </div>
  );
}

/** The colours of confidence from 0 to 1. */
function Ramp({ id }: { readonly id: number }) {
  const { model } = useParts();
  const [from, to] = [0, 1].map((v) => `rgb(${confidenceColor(model.rgb[id], v).join(" ")})`);
  return (
    <span
      className="ramp"
      style={{ background: `linear-gradient(90deg,${from},${to})` }}
      title="confidence from 0 to 1"
    />
  );
}

/** Samples, among those with confidence maps, that hold most of p and q at K. */
function telling(model: Model, ids: Uint16Array, p: number, q: number): number[] {
  const counts = Array.from({ length: model.data.confidence.samples }, (_, s) => {
    let ofP = 0;
    let ofQ = 0;
    for (let n = s * model.pixels; n < (s + 1) * model.pixels; n++) {
      if (ids[n] === p) ofP++;
      else if (ids[n] === q) ofQ++;
    }
    // p is usually the smaller, and the one to look at.
    return { s, weight: 4 * ofP + ofQ };
  });
  return counts
    .sort((a, b) => b.weight - a.weight || a.s - b.s)
    .slice(0, SHOWN)
    .map(({ s }) => s)
    .sort((a, b) => a - b);
}

const ROWS: readonly RowKey[] = ["before", "p", "q", "after"];

interface ImageBoardProps {
  readonly merge: Merge;
  readonly images: ImageCanvas;
}

/** It stays as it is until another merge is shown. */
const ImageBoard = memo(({ merge, images }: ImageBoardProps) => {
  const { model } = useParts();
  const { k, mode, p, q, groups } = merge;
  const shown = telling(model, model.idsAt(k, mode), p, q);
  const paint = (canvas: HTMLCanvasElement, row: RowKey, s: number): void => {
    const offset = s * model.pixels;
    if (row === "p" || row === "q")
      paintConfidence(canvas, row === "p" ? merge.vp : merge.vq, offset, images.resolution, model.rgb[merge[row]]);
    else
      paintLabels(canvas, model.idsAt(row === "before" ? k : k - 1, mode), offset, images.resolution, {
        ...{ groups, opacity: 0.85, scale: 1 },
        focus: row === "before" ? [p, q] : [q],
      });
  };
  return ROWS.map((row) => (
    <Row key={row} label={<RowLabel row={row} merge={merge} />}>
      {shown.map((s) => (
        <div key={s} className="stack">
          {(row === "before" || row === "after") && <img src={images.sources[s]} alt="" />}
          <Painted label={`${images.captions[s]}: ${row}`} paint={(canvas) => paint(canvas, row, s)} />
        </div>
      ))}
    </Row>
  ));
});

function Row({ label, children }: { readonly label: ReactNode; readonly children: ReactNode }) {
  return (
    <div className="board-row">
      {label}
      {children}
    </div>
  );
}

interface PointBoardProps {
  readonly merge: Merge;
  readonly cloud: Cloud;
}

const PointBoard = memo(({ merge, cloud }: PointBoardProps) => {
  const { model } = useParts();
  const { k, mode, p, q } = merge;
  const { colors } = model.data;
  const groupsIn = (row: RowKey, unsure: string): PointGroup[] => {
    if (row === "before") return groupsOf(model.idsAt(k, mode), colors, [p, q]);
    if (row === "after") return groupsOf(model.idsAt(k - 1, mode), colors, [q]);
    return confidentGroups(row === "p" ? merge.vp : merge.vq, model.rgb[merge[row]], unsure);
  };
  return ROWS.map((row) => (
    <figure key={row}>
      <RowLabel row={row} merge={merge} />
      <div className="stack">
        <Painted
          label={row}
          paint={(canvas) => paintPoints(canvas, cloud, groupsIn(row, getComputedStyle(canvas).color))}
          onResize
        />
      </div>
    </figure>
  ));
});

function confidentGroups(map: Uint8Array, color: Rgb, unsure: string): PointGroup[] {
  const groups = Array.from({ length: LEVELS }, (_, level) => ({
    color: level === 0 ? unsure : `rgb(${color.join(" ")})`,
    alpha: level === 0 ? 0.1 : 0.15 + (0.85 * level) / (LEVELS - 1),
    points: [] as number[],
  }));
  map.forEach((v, n) => {
    groups[Math.round((v / 255) * (LEVELS - 1))].points.push(n);
  });
  return groups;
}

interface PaintedProps {
  readonly label: string;
  readonly paint: (canvas: HTMLCanvasElement) => void;
  /** Whether the painting depends on the window's size. */
  readonly onResize?: boolean;
}

/** A canvas that is painted whenever it is rendered. */
function Painted({ label, paint, onResize = false }: PaintedProps) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => paint(ref.current!));
  const again = useEffectEvent(() => paint(ref.current!));
  useEffect(() => {
    if (!onResize) return;
    const listener = (): void => again();
    addEventListener("resize", listener);
    return () => removeEventListener("resize", listener);
  }, [onResize]);
  return <canvas ref={ref} role="img" aria-label={label} />;
}
