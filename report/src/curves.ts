/** The figures per K as curves, drawn with Observable Plot. */
import * as Plot from "@observablehq/plot";
import { decimals, h } from "./dom.ts";
import { domainOf, type KScale, MARGIN, ticksOf } from "./kAxis.ts";
import type { Model } from "./model.ts";

export interface Chart {
  /** Title and legend. */
  readonly head: HTMLElement;
  /** Where the plot goes. */
  readonly plot: HTMLElement;
  /** Draws for a width in pixels and returns the axis of K. */
  draw(width: number): KScale;
  /** Shows the values at K in the legend. */
  show(k: number): void;
}

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

/** A legend entry: a coloured stroke, a name and the value at K. */
function legend(name: string, color: string): { element: HTMLElement; show(value: number | null): void } {
  const value = h("span", { class: "now" });
  return {
    element: h(
      "span",
      { class: "legend", style: `--color:${color}` },
      h("span", { class: "stroke", "aria-hidden": "true" }),
      name,
      " ",
      value,
    ),
    show: (x) => {
      value.textContent = x === null ? "–" : x <= 1 ? decimals(x) : x.toFixed(1);
    },
  };
}

function makeChart(
  model: Model,
  title: string,
  curves: readonly Curve[],
  height: number,
  top: number,
  ticks: number[],
  axis: boolean,
): Chart {
  const legends = curves.map(({ name, color }) => legend(name, color));
  const plot = h("div", { class: "plot" });
  return {
    head: h("div", { class: "chart-head" }, h("h3", {}, title), ...legends.map((l) => l.element)),
    plot,
    draw(width) {
      const figure = Plot.plot({
        width,
        height,
        marginLeft: MARGIN.left,
        marginRight: MARGIN.right,
        marginTop: 12,
        marginBottom: axis ? 26 : 8,
        ariaLabel: title,
        ariaDescription: `${curves.map((c) => c.name).join(", ")} over the number of clusters K`,
        style: { background: "none", color: "inherit", fontSize: "11px", fontFamily: "inherit", overflow: "visible" },
        x: {
          type: "log",
          domain: domainOf(model),
          ticks: ticksOf(model),
          tickFormat: (k: number) => String(k),
          label: null,
          axis: axis ? "bottom" : null,
        },
        y: { domain: [0, top], ticks, tickFormat: (v: number) => String(v).replace(/^0\./, "."), label: null },
        marks: [
          Plot.gridY(ticks, { stroke: "currentColor", strokeOpacity: 0.1 }),
          Plot.ruleX(model.data.stops, { stroke: "var(--accent)", strokeOpacity: 0.55, strokeDasharray: "2,3" }),
          ...curves.map(({ points, color, dash }) =>
            Plot.line(points, {
              x: "k",
              y: "y",
              stroke: color,
              strokeWidth: 1.6,
              curve: "monotone-x",
              ...(dash ? { strokeDasharray: dash } : {}),
            }),
          ),
        ],
      });
      const scale = figure.scale("x");
      if (!scale?.invert) throw new Error("the axis of K cannot be inverted");
      plot.replaceChildren(figure);
      return { apply: (k) => Number(scale.apply(k)), invert: (x) => Number(scale.invert!(x)) };
    },
    show(k) {
      for (const [i, { points }] of curves.entries()) legends[i].show(points.find((p) => p.k === k)?.y ?? null);
    },
  };
}

/** The smallest of a few round numbers that is not below `x`. */
const roundUp = (x: number): number =>
  [2, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80, 100].find((n) => n >= x) ?? Math.ceil(x / 50) * 50;

export function makeCharts(model: Model): Chart[] {
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
  const unit = [0, 0.25, 0.5, 0.75, 1];
  const most = roundUp(Math.max(...figures.map((f) => f.effective)));
  const charts = [
    makeChart(
      model,
      "IoU",
      [
        curve("lowest", "var(--line-1)", (f) => f.minIou),
        curve("mean", "var(--line-2)", (f) => f.meanIou),
        curve(score, "var(--line-3)", (f) => f.score, "4,3"),
      ],
      TALL,
      1,
      unit,
      false,
    ),
  ];
  if (data.canvas.kind === "points" && data.canvas.agreement.length > 0) {
    const metrics = new Set(data.canvas.agreement.map((a) => a.metric));
    for (const metric of metrics) {
      const curves = data.canvas.agreement
        .filter((a) => a.metric === metric)
        .map(({ method, points }, i) => ({
          name: method,
          color: `var(--line-${i + 1})`,
          ...(i === 0 ? {} : { dash: i === 1 ? "5,3" : "1.5,3" }),
          points: points.map(([k, y]) => ({ k, y })),
        }));
      charts.push(makeChart(model, `${metric} with the truth`, curves, LOW, 1, [0, 0.5, 1], false));
    }
  }
  charts.push(
    makeChart(
      model,
      "Largest cluster",
      [curve("share of pixels", "var(--line-1)", (f) => f.largest)],
      LOW,
      1,
      [0, 0.5, 1],
      false,
    ),
    makeChart(
      model,
      "Effective clusters",
      [curve("exp(H)", "var(--line-2)", (f) => f.effective)],
      LOW + 18,
      most,
      [0, most / 2, most],
      true,
    ),
  );
  return charts;
}
