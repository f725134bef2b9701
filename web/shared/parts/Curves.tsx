/** The figures per K as curves, drawn with Observable Plot. */
import * as Plot from "@observablehq/plot";
import { useEffect, useRef } from "react";
import { decimals } from "../format.ts";
import { cssVars } from "../ui/style.ts";
import { useFrame, useParts } from "./context.tsx";
import { domainOf, MARGIN, ticksOf } from "./kAxis.ts";
import type { Model } from "./model.ts";

interface Curve {
  readonly name: string;
  readonly color: string;
  /** Dash pattern, so that colour is not the only difference. */
  readonly dash?: string;
  readonly points: readonly { readonly k: number; readonly y: number }[];
}

/** Height of the plots, in pixels. */
const TALL = 200;
const LOW = 110;

/** Room for the axis of K. */
const AXIS = 18;

/** Curves over K with one y axis. */
export interface ChartData {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly height: number;
  /** Range of the y axis. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  /** Whether the axis of K is drawn under it. */
  readonly axis?: boolean;
}

/** A chart with its title and a legend that tells the values at K. `width` is in pixels; nothing is drawn at 0. */
export function Chart({ chart, width }: { readonly chart: ChartData; readonly width: number }) {
  const { model } = useParts();
  const plot = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (width > 0) plot.current!.replaceChildren(draw(model, chart, width));
  }, [model, chart, width]);
  return (
    <div className="chart">
      <div className="chart-head">
        <h3>{chart.title}</h3>
        {chart.curves.map((curve) => (
          <Legend key={curve.name} curve={curve} />
        ))}
      </div>
      <div className="plot" ref={plot} />
    </div>
  );
}

/** A coloured stroke, a name and the value at K. */
function Legend({ curve: { name, color, points } }: { readonly curve: Curve }) {
  const value = useRef<HTMLSpanElement>(null);
  useFrame(
    ({ k }) => {
      const y = points.find((p) => p.k === k)?.y;
      value.current!.textContent = y === undefined ? "–" : y <= 1 ? decimals(y) : y.toFixed(1);
    },
    [points],
  );
  return (
    <span className="legend" style={cssVars({ "--color": color })}>
      <span className="stroke" aria-hidden="true" />
      {name} <span className="now" ref={value} />
    </span>
  );
}

function draw(model: Model, { title, curves, height, domain, ticks, axis = false }: ChartData, width: number): Element {
  const figure = Plot.plot({
    width,
    height,
    marginLeft: MARGIN.left,
    marginRight: MARGIN.right,
    marginTop: 12,
    marginBottom: axis ? 8 + AXIS : 8,
    ariaLabel: title,
    ariaDescription: `${curves.map((c) => c.name).join(", ")} over the number of clusters K`,
    style: { background: "none", color: "inherit", fontSize: "11px", fontFamily: "inherit", overflow: "visible" },
    x: { type: "log", domain: domainOf(model), axis: null, label: null },
    y: {
      domain: [...domain],
      ticks: [...ticks],
      tickFormat: (v: number) => String(v).replace(/^0\./, "."),
      label: null,
    },
    marks: [
      // Given as text, for a logarithmic axis leaves out the labels that it finds too many.
      axis ? Plot.axisX(ticksOf(model), { text: (k: number) => String(k), label: null }) : null,
      Plot.gridY([...ticks], { stroke: "currentColor", strokeOpacity: 0.1 }),
      Plot.ruleX([...model.data.stops], { stroke: "var(--accent)", strokeOpacity: 0.55, strokeDasharray: "2,3" }),
      ...curves.map(({ points, color, dash }) =>
        Plot.line(points, {
          x: "k",
          y: "y",
          stroke: color,
          strokeWidth: 1.6,
          ...(dash ? { strokeDasharray: dash } : {}),
        }),
      ),
    ],
  });
  // Plot labels its marks for those who inspect the page; on groups without a role, readers may not speak them.
  for (const group of figure.querySelectorAll("g[aria-label]")) group.removeAttribute("aria-label");
  figure.setAttribute("role", "img");
  return figure;
}

/** The smallest of a few round numbers that is not below `x`. */
const roundUp = (x: number): number =>
  [2, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100].find((n) => n >= x) ?? Math.ceil(x / 50) * 50;

/** The charts of a run, from top to bottom. */
export function chartsOf(model: Model): ChartData[] {
  const { figures, data } = model;
  const curve = (
    name: string,
    color: string,
    value: (f: (typeof figures)[number]) => number | null,
    dash?: string,
  ): Curve => ({
    name,
    color,
    ...(dash ? { dash } : {}),
    points: figures.flatMap((f) => {
      const y = value(f);
      return y === null ? [] : [{ k: f.k, y }];
    }),
  });
  const score = data.criterion === "paper" ? "ECoS of the pair" : "overlap S of the pair";
  // S is a correlation and may fall below zero.
  const least = Math.min(0, ...figures.map((f) => f.score ?? 0));
  const most = roundUp(Math.max(...figures.map((f) => f.effective)));
  const share = { height: LOW, domain: [0, 1], ticks: [0, 0.5, 1] } as const;
  return [
    {
      title: "IoU",
      curves: [
        curve("lowest", "var(--line-1)", (f) => f.minIou),
        curve("mean", "var(--line-2)", (f) => f.meanIou),
        curve(score, "var(--line-3)", (f) => f.score, "4,3"),
      ],
      height: TALL,
      domain: [least, 1],
      ticks: [0, 0.25, 0.5, 0.75, 1],
    },
    ...agreementCharts(model),
    {
      title: "Largest cluster",
      curves: [curve("share of everything that was clustered", "var(--line-1)", (f) => f.largest)],
      ...share,
    },
    ...(figures.some((f) => f.explained !== null)
      ? [
          {
            title: "Explained variance",
            curves: [
              curve("relative to K-means (R2rel)", "var(--line-1)", (f) => f.explained?.r2rel ?? null),
              curve("R2", "var(--line-3)", (f) => f.explained?.r2 ?? null, "4,3"),
            ],
            ...share,
            domain: [0, Math.max(1, ...figures.map((f) => f.explained?.r2rel ?? 0))] as const,
          },
        ]
      : []),
    {
      title: "Effective clusters",
      curves: [curve("exp(H), of everything that was clustered", "var(--line-2)", (f) => f.effective)],
      height: LOW + AXIS,
      domain: [0, most],
      ticks: [0, most / 2, most],
      axis: true,
    },
  ];
}

/** One chart per metric of agreement with the truth, a curve per method. */
function agreementCharts(model: Model): ChartData[] {
  const { canvas } = model.data;
  if (canvas.kind !== "points") return [];
  const metrics = [...new Set(canvas.agreement.map((a) => a.metric))];
  return metrics.map((metric) => {
    const curves = canvas.agreement
      .filter((a) => a.metric === metric)
      .map(({ method, points }, i) => ({
        name: method,
        color: `var(--line-${i + 1})`,
        ...(i === 0 ? {} : { dash: i === 1 ? "5,3" : "1.5,3" }),
        points: points.map(([k, y]) => ({ k, y })),
      }));
    const least = Math.min(0, ...curves.flatMap((c) => c.points.map((p) => p.y)));
    return {
      title: `${metric} with the truth`,
      curves,
      height: LOW,
      domain: [least, 1],
      ticks: [0, 0.5, 1],
    };
  });
}
