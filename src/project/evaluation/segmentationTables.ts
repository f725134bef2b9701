/** Tables and plot of `klish evaluate segmenter`. */
import { csvCell, markdown, visible, xml } from "../../text/escape.ts";
import type { JudgedModel } from "./segmentationScores.ts";
import { spreadOf } from "./statistics.ts";

/** What all models were judged on. */
export interface SegmentationFacts {
  readonly truth: string;
  readonly photos: number;
  readonly matchImages: number;
  readonly classes: readonly string[];
  /** Its id among the classes. */
  readonly background: number | undefined;
  readonly command: string;
  /** What was judged, and on what, in the plural. Default: segmenters on photos. */
  readonly words?: { readonly judged: string; readonly pictures: string };
}

/** A method, and the values of its runs. */
interface Row {
  readonly name: string;
  readonly runs: readonly JudgedModel[];
}

function rowsOf(models: readonly JudgedModel[]): Row[] {
  const names = [...new Set(models.map(({ name }) => name))];
  return names.map((name) => ({ name, runs: models.filter((model) => model.name === name) }));
}

type Column = readonly [title: string, value: (model: JudgedModel) => number];

const overall: readonly Column[] = [
  ["mIoU", ({ scores }) => scores.mean],
  ["mIoU, foreground", ({ scores }) => scores.foreground],
  ["mIoU, paper's", ({ scores }) => scores.papers],
  ["accuracy", ({ scores }) => scores.accuracy],
];

/** "47.2 ± 1.3", in percent; the spread of several runs is their standard deviation (unbiased). */
function percent(values: readonly number[]): string {
  const { mean, deviation } = spreadOf(values);
  if (Number.isNaN(mean)) return "";
  return (100 * mean).toFixed(1) + (Number.isNaN(deviation) ? "" : ` ± ${(100 * deviation).toFixed(1)}`);
}

const table = (lines: readonly (readonly string[])[]): string =>
  [lines[0], lines[0].map(() => "---"), ...lines.slice(1)]
    .map((line) => `| ${line.map(markdown).join(" | ")} |`)
    .join("\n");

function columnsTable(rows: readonly Row[], columns: readonly Column[]): string {
  const head = ["method", "runs", ...columns.map(([title]) => title)];
  return table([
    head,
    ...rows.map(({ name, runs }) => [
      name,
      String(runs.length),
      ...columns.map(([, value]) => percent(runs.map(value))),
    ]),
  ]);
}

export function segmentationMarkdown(models: readonly JudgedModel[], facts: SegmentationFacts): string {
  const { truth, photos, matchImages, classes, background, command } = facts;
  const { judged, pictures } = facts.words ?? { judged: "Segmenters", pictures: "photos" };
  const rows = rowsOf(models);
  const perClass = (values: "perClass" | "papersPerClass"): Column[] =>
    classes.map((name, g) => [name, ({ scores }) => scores[values][g]]);
  const matching =
    matchImages > 0
      ? `The first ${matchImages} ${pictures} decide which class each of a model's classes stands for (Algorithm 2), the other ${photos - matchImages} are judged.`
      : `Classes are matched by their names; all ${photos} ${pictures} are judged.`;
  const sections = [
    `# ${judged} on ${markdown(truth)}`,
    `${matching} IoU per ${pictures.slice(0, -1)}, classes absent from one skipped, then the mean per class, then over classes; in percent. ` +
      (background === undefined
        ? "The truth has no background: the scores without it are empty."
        : `Foreground: the mean without ${markdown(classes[background])}. The paper's: pixels whose truth is ${markdown(classes[background])} count for nothing.`),
    `    ${visible(command)}`,
    columnsTable(rows, overall),
    "## Per class, all pixels",
    columnsTable(rows, perClass("perClass")),
    ...(background === undefined ? [] : ["## Per class, the paper's", columnsTable(rows, perClass("papersPerClass"))]),
    "## What the classes stand for",
    ...models.map(
      ({ name, file, matches }) =>
        `**${markdown(name)}**${name === file ? "" : ` (${markdown(file)})`}: ${matches.map(({ from, to }) => `${markdown(from)} → ${markdown(to ?? "none")}`).join(", ")}`,
    ),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** One line a run, all scores as shares; empty where one is not defined. */
export function segmentationCsv(models: readonly JudgedModel[], { classes }: SegmentationFacts): string {
  const number = (x: number): string => (Number.isNaN(x) ? "" : String(x));
  const head = [
    ...["method", "file", "mIoU", "mIoU foreground", "mIoU paper", "accuracy"],
    ...classes.map((name) => `IoU ${name}`),
    ...classes.map((name) => `IoU paper ${name}`),
  ];
  const lines = models.map(({ name, file, scores }) => [
    ...[name, file],
    ...[scores.mean, scores.foreground, scores.papers, scores.accuracy].map(number),
    ...[...scores.perClass].map(number),
    ...[...scores.papersPerClass].map(number),
  ]);
  return `${[head, ...lines].map((line) => line.map(csvCell).join(",")).join("\n")}\n`;
}

/** Okabe and Ito's colours, told apart without red-green vision. */
const COLORS = ["#d55e00", "#0072b2", "#009e73", "#e69f00", "#cc79a7", "#56b4e9", "#b0a000", "#777777"];
const PLOT = { left: 40, top: 30, height: 220, bar: 9, gap: 10, labels: 70 } as const;

/** The IoU of each class and method, means over runs, as SVG bars. */
export function segmentationPlot(models: readonly JudgedModel[], { classes }: SegmentationFacts): string {
  const rows = rowsOf(models);
  const { left, top, height, bar, gap, labels } = PLOT;
  const group = rows.length * bar + gap;
  const width = left + classes.length * group + 180;
  const y = (share: number): number => top + height * (1 - share);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line x1="${left}" x2="${left + classes.length * group}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>` +
      `<text x="${left - 5}" y="${y(share) + 4}" text-anchor="end" fill="#555">${100 * share}</text>`,
  );
  const bars = classes.flatMap((name, g) => {
    const x = left + g * group + gap / 2;
    const drawn = rows.map(({ runs }, i) => {
      const { mean } = spreadOf(runs.map(({ scores }) => scores.perClass[g]));
      if (Number.isNaN(mean)) return "";
      return `<rect x="${x + i * bar}" y="${y(mean).toFixed(1)}" width="${bar - 1}" height="${(height * mean).toFixed(1)}" fill="${COLORS[i % COLORS.length]}"/>`;
    });
    const middle = x + (rows.length * bar) / 2;
    return [
      ...drawn,
      `<text transform="translate(${middle + 4},${top + height + 8}) rotate(60)" fill="#333">${xml(name)}</text>`,
    ];
  });
  const legend = rows.map(({ name }, i) => {
    const x = left + classes.length * group + 14;
    const at = top + 16 * i;
    return `<rect x="${x}" y="${at}" width="10" height="10" fill="${COLORS[i % COLORS.length]}"/><text x="${x + 15}" y="${at + 9}">${xml(name)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + height + labels}" width="${width}" height="${top + height + labels}" font-family="sans-serif" font-size="11">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${left}" y="16" font-size="13">IoU per class, percent</text>
${[...grid, ...bars, ...legend].join("\n")}
</svg>
`;
}
