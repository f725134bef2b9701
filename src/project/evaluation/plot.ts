import { clusterMethods, type MethodName } from "../../cluster/methods.ts";
import { xml } from "../../text/escape.ts";
import type { EvaluationFile } from "./rows.ts";
import { type Cell, ksOf, methodsOf, scoreCells } from "./statistics.ts";
import { mainScores, scoreTitles } from "./tables.ts";

const PANEL = { width: 300, height: 220, left: 44, right: 12, top: 34, bottom: 34 } as const;
const COLUMNS = 3;
const LEGEND_WIDTH = 180;
/** Methods stand side by side, so that their ranges do not hide each other: pixels between two. */
const DODGE = 4;

/** The main scores over K as SVG: one panel each, a line through the means of each method, bars from the worst to the best seed. */
export function evaluationPlot({ rows, name }: EvaluationFile): string {
  const panels = mainScores
    .map((score) => ({ score, all: scoreCells(rows, score) }))
    .filter(({ all }) => all.length > 0);
  const methods = methodsOf(rows);
  const ks = ksOf(rows);
  const columns = Math.min(COLUMNS, panels.length);
  const width = columns * PANEL.width + LEGEND_WIDTH;
  const height = Math.ceil(panels.length / columns) * PANEL.height + 24;
  const drawn = panels.map(({ score, all }, i) => {
    const x = (i % columns) * PANEL.width;
    const y = 24 + Math.floor(i / columns) * PANEL.height;
    return `<g transform="translate(${x},${y})">${panel(scoreTitles[score], all, ks, methods)}</g>`;
  });
  const legend = methods.map((method, i) => {
    const y = 24 + PANEL.top + 18 * i;
    const x = columns * PANEL.width + 10;
    return (
      `<line x1="${x}" y1="${y}" x2="${x + 18}" y2="${y}" stroke="${clusterMethods[method].color}" stroke-width="2"/>` +
      `<text x="${x + 24}" y="${y + 4}">${xml(clusterMethods[method].title)}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${PANEL.left}" y="16" font-size="13">${xml(name)}: agreement with true classes over K; bars from the worst to the best seed</text>
${[...drawn, ...legend].join("\n")}
</svg>
`;
}

function panel(title: string, all: readonly Cell[], ks: readonly number[], methods: readonly MethodName[]): string {
  const { width, height, left, right, top, bottom } = PANEL;
  const low = Math.min(0, ...all.map((cell) => cell.least));
  const high = Math.max(...all.map((cell) => cell.most), low + 0.1);
  const step = niceStep(high - low);
  const last = step * Math.ceil(high / step);
  const first = step * Math.floor(low / step);
  const y = (value: number): number => height - bottom - ((value - first) / (last - first)) * (height - top - bottom);
  const margin = (DODGE * methods.length) / 2 + 4;
  const inner = width - left - right - 2 * margin;
  const x = (k: number): number =>
    left + margin + (ks.length === 1 ? inner / 2 : ((k - ks[0]) / (ks[ks.length - 1] - ks[0])) * inner);
  const ticks = Array.from({ length: Math.round((last - first) / step) + 1 }, (_, i) => first + i * step);
  const grid = ticks.map(
    (tick) =>
      `<line x1="${left}" x2="${width - right}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#ddd"/>` +
      `<text x="${left - 5}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end" fill="#555">${tick.toFixed(step < 0.1 ? 2 : 1)}</text>`,
  );
  const axis = ks.map(
    (k) => `<text x="${x(k).toFixed(1)}" y="${height - bottom + 16}" text-anchor="middle" fill="#555">K = ${k}</text>`,
  );
  const lines = methods.map((method, i) => {
    const own = all.filter((cell) => cell.method === method);
    const at = (k: number): string => (x(k) + DODGE * (i - (methods.length - 1) / 2)).toFixed(1);
    const path = own.map((cell) => `${at(cell.k)},${y(cell.mean).toFixed(1)}`).join(" ");
    const marks = own.map(
      (cell) =>
        `<line x1="${at(cell.k)}" x2="${at(cell.k)}" y1="${y(cell.least).toFixed(1)}" y2="${y(cell.most).toFixed(1)}"/>` +
        `<circle cx="${at(cell.k)}" cy="${y(cell.mean).toFixed(1)}" r="2.5"/>`,
    );
    const color = clusterMethods[method].color;
    return `<g stroke="${color}" stroke-width="1.5" fill="${color}"><polyline points="${path}" fill="none"/>${marks.join("")}</g>`;
  });
  return [`<text x="${left}" y="${top - 10}" font-weight="bold">${xml(title)}</text>`, ...grid, ...axis, ...lines].join(
    "",
  );
}

/** About five ticks at 1, 2 or 5 times a power of ten. */
function niceStep(range: number): number {
  const rough = range / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
}
