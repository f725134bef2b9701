/** The panels of a 2-D experiment: KLiSH beside other methods at the same K, and the truth. */
import { type MouseEvent, useEffect, useEffectEvent, useRef, useState } from "react";
import type { PointCanvas } from "../../../src/project/report/data.ts";
import { matchIds } from "../../../src/project/report/matching.ts";
import { decodeSeries } from "../../../src/project/report/series.ts";
import { decimals } from "../format.ts";
import { useCalled, useChosen, useFrame, useParts } from "./context.tsx";
import { type Model, unpack } from "./model.ts";
import { type Cloud, groupsOf, nearestPoint, paintPoints, paintRegions } from "./pointPaint.ts";
import { focusOf, type Place, type State } from "./state.ts";

/** How near the pointer must come to a point, as a fraction of the panel. */
const REACH = 0.05;

/** What labels depend on. */
type Cut = Pick<State, "k" | "mode">;

/** A panel: its labels as ids at a K, or null where it has none there. */
export interface Panel {
  readonly name: string;
  readonly note: (cut: Cut) => string;
  readonly ids: (cut: Cut) => Uint16Array | null;
  readonly own: boolean;
}

/** KLiSH's own panel, those of other methods, and the truth. */
export async function panelsOf(model: Model, points: PointCanvas): Promise<Panel[]> {
  const agreementOf =
    (method: string) =>
    ({ k }: Cut): string =>
      points.agreement
        .filter((a) => a.method === method)
        .flatMap(({ metric, points: values }) =>
          values.filter(([at]) => at === k).map(([, v]) => `${metric} ${decimals(v)}`),
        )
        .join("  ");
  const matched = (labels: Uint16Array, k: number): Uint16Array => {
    const ids = matchIds(labels, model.idsAt(k, "merged"), Array.from(model.hierarchy.aliveAt(k)));
    return labels.map((label) => ids.get(label)!);
  };
  const panels: Panel[] = [
    { name: "KLiSH", note: agreementOf("KLiSH"), ids: ({ k, mode }) => model.idsAt(k, mode), own: true },
  ];
  for (const rival of points.panels) {
    const series = decodeSeries(await unpack(rival.labels), points.count, rival.ks.length);
    panels.push({
      name: rival.name,
      note: agreementOf(rival.name),
      own: false,
      ids: ({ k }) => (rival.ks.includes(k) ? matched(series.at(rival.ks.indexOf(k)), k) : null),
    });
  }
  if (points.truth) {
    const truth = decodeSeries(await unpack(points.truth), points.count, 1).at(0);
    const classes = new Set(truth).size;
    // Colours of the longest-lived clusters; matched to those in sight as soon as there are enough of them.
    const own = truth.map((label) => model.hierarchy.bySurvival[label % model.hierarchy.maxK]);
    panels.push({
      name: "Truth",
      note: () => `${classes} classes`,
      own: false,
      ids: ({ k }) => (k >= classes ? matched(truth, k) : own),
    });
  }
  return panels;
}

interface Props {
  readonly points: PointCanvas;
  readonly cloud: Cloud;
  readonly panels: readonly Panel[];
}

export function Scatter({ points, cloud, panels }: Props) {
  return (
    <div id="tiles" className="points">
      {panels.map((panel) => (
        <PanelFigure key={panel.name} panel={panel} points={points} cloud={cloud} />
      ))}
    </div>
  );
}

interface PanelProps extends Pick<Props, "points" | "cloud"> {
  readonly panel: Panel;
}

function PanelFigure({ panel, points, cloud }: PanelProps) {
  const { model, store } = useParts();
  const { groups } = useCalled();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const { dispatch } = store;
  const empty = panel.ids({ k, mode }) === null;

  const resized = useEffectEvent((next: number) => setWidth(next));
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => resized(Math.round(entry.contentRect.width)));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);

  useFrame(
    (now, before) => {
      if (before && now.k === before.k && now.mode === before.mode && focusOf(now) === focusOf(before)) return;
      const focus = focusOf(now);
      const ids = panel.ids(now);
      const alive = Array.from(model.hierarchy.aliveAt(now.k));
      const region =
        panel.own && now.mode === "argmax" && points.planes
          ? paintRegions(
              cloud,
              model.stepAt(now.k).rows.map((row) => points.planes![row]),
              alive.map((id) => groups.rgb[id]),
            )
          : null;
      const shown = panel.own && focus !== null ? [focus] : null;
      paintPoints(canvas.current!, cloud, ids ? groupsOf(ids, model.data.colors, shown) : [], region);
    },
    [panel, width, groups],
  );

  const idUnder = (event: MouseEvent): number | null => {
    const box = canvas.current!.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    const n = nearestPoint(cloud, x, y, REACH);
    const { k, mode } = store.getState();
    return n < 0 ? null : model.idsAt(k, mode)[n];
  };
  const placeOf = (event: MouseEvent): Place => ({ x: event.clientX, y: event.clientY });
  const answers = panel.own && {
    onPointerMove: (event: MouseEvent) => dispatch({ type: "hover", id: idUnder(event), place: placeOf(event) }),
    onPointerLeave: (event: React.PointerEvent) => {
      if (event.pointerType === "mouse") dispatch({ type: "hover", id: null });
    },
    onClick: (event: MouseEvent) => {
      const id = idUnder(event);
      if (id !== null) dispatch({ type: "isolate", id, place: placeOf(event) });
    },
  };
  return (
    <figure>
      <figcaption>
        <b>{panel.name}</b> <span>{panel.note({ k, mode })}</span>
      </figcaption>
      <div className="stack">
        <canvas ref={canvas} role="img" aria-label={panel.name} {...answers} />
        {empty && <p className="empty">not computed at this K</p>}
      </div>
    </figure>
  );
}
