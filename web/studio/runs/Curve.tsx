/** One figure of a log over the pictures that were shown, or the merges that were made, drawn by uPlot outside React's render. */
import { useEffect, useMemo, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 150;

interface Props {
  readonly name: string;
  /** In one sentence. */
  readonly meaning: string;
  /** Pictures shown, or merges made, at each line. */
  readonly x: readonly number[];
  /** Its value at each line; null where the line has none. */
  readonly y: readonly (number | null)[];
}

/** "1.2k", "0.034": as axes have room for. */
const short = (value: number): string =>
  Math.abs(value) >= 10_000
    ? `${Math.round(value / 1000).toLocaleString("en")}k`
    : String(Number(value.toPrecision(3)));

export function Curve({ name, meaning, x, y }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = useMemo<uPlot.AlignedData>(() => [[...x], [...y]], [x, y]);
  const last = y.findLast((value) => value !== null) ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: later data are set below
  useEffect(() => {
    const holder = place.current!;
    // The theme's colours as the style sheet puts them there: a canvas knows no custom properties.
    const { color: ink, borderTopColor: line, outlineColor: accent } = getComputedStyle(holder);
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
    plot.current = new uPlot(
      {
        width: Math.max(120, holder.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        scales: { x: { time: false } },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(short) },
          { ...axis, size: 46, values: (_, ticks) => ticks.map(short) },
        ],
        series: [{}, { stroke: accent, width: 1.6, spanGaps: true, points: { show: x.length < 3 } }],
      },
      data,
      holder,
    );
    const observer = new ResizeObserver(() =>
      plot.current?.setSize({ width: Math.max(120, holder.clientWidth), height: HEIGHT }),
    );
    observer.observe(holder);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
    };
  }, [name]);
  useEffect(() => plot.current?.setData(data), [data]);
  return (
    <figure className="curve">
      <figcaption>
        <b>{name}</b> {last !== null && <span className="now">{short(last)}</span>}
        <span className="hint">{meaning}</span>
      </figcaption>
      <div
        className="curve-plot"
        ref={place}
        role="img"
        aria-label={`${name}: ${last === null ? "no value yet" : short(last)} at last`}
      />
    </figure>
  );
}
