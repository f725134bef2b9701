import { csvCell, markdown, visible } from "../../text/escape.ts";
import type { SeparabilityMethod } from "./separability.ts";
import { separabilityMethods } from "./separability.ts";
import type { SeparabilityFile, SeparabilityRow } from "./separabilityRows.ts";
import { nearlyTie, spreadOf } from "./statistics.ts";

const titles: Readonly<Record<SeparabilityMethod, string>> = {
  centroid: "nearest centroid",
  lse: "LSE (cross-entropy)",
  svm: "one-vs-rest SVM",
};

/** A number of every row. */
type Measure = (row: SeparabilityRow) => number | null;

const mean = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((x) => x !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
};

export const meanIou: Measure = ({ iou }) => mean(iou);
export const pooledMeanIou: Measure = ({ pooledIou }) => mean(pooledIou);

interface Cell {
  readonly bySeed: ReadonlyMap<number, number>;
  readonly mean: number;
  readonly deviation: number;
  readonly least: number;
}

function cellOf(rows: readonly SeparabilityRow[], method: string, shots: number, measure: Measure): Cell | undefined {
  const bySeed = new Map<number, number>();
  for (const row of rows) {
    const value = row.method === method && row.shots === shots ? measure(row) : null;
    if (value !== null) bySeed.set(row.seed, value);
  }
  if (bySeed.size === 0) return undefined;
  const values = [...bySeed.values()];
  return { bySeed, ...spreadOf(values), least: Math.min(...values) };
}

const decimal = (x: number): string => x.toFixed(3).replace(/^(-?)0\./, "$1.");
const table = (lines: readonly (readonly string[])[]): string =>
  [lines[0], lines[0].map(() => "---"), ...lines.slice(1)].map((line) => `| ${line.join(" | ")} |`).join("\n");

/** Cells that stand side by side, as text: the best mean is bold, near ties with it are marked. */
function compared(cells: readonly (Cell | undefined)[]): string[] {
  const best = cells.reduce((a, b) => (b !== undefined && (a === undefined || b.mean > a.mean) ? b : a), undefined);
  return cells.map((cell) => {
    if (cell === undefined || best === undefined) return "";
    const text = decimal(cell.mean);
    const mark = cell === best ? `**${text}**` : nearlyTie(cell, best) ? `≈ ${text}` : text;
    return Number.isNaN(cell.deviation) ? mark : `${mark} ± ${decimal(cell.deviation)} (${decimal(cell.least)})`;
  });
}

/** The measurement as Markdown: the paper's Tables I and III, and the extractors of few images. */
export function separabilityMarkdown(file: SeparabilityFile): string {
  const { rows, classes } = file;
  const methods = separabilityMethods.filter((method) => rows.some((row) => row.method === method));
  const shots = [...new Set(rows.map((row) => row.shots))].sort((a, b) => a - b);
  const seeds = [...new Set(rows.map((row) => row.seed))];
  const most = shots[shots.length - 1];
  const line = (name: string, count: number, measure: Measure): string[] => [
    name,
    ...compared(methods.map((method) => cellOf(rows, method, count, measure))),
  ];
  const head = ["", ...methods.map((method) => titles[method])];
  const perClass = table([
    head,
    ...classes.map((name, id) => line(markdown(name), most, (row) => row.iou[id])),
    line("mean, per image", most, meanIou),
    line("mean, pooled", most, pooledMeanIou),
    line("pixel accuracy", most, (row) => row.accuracy),
  ]);
  const few = (measure: Measure): string =>
    table([["images", ...head.slice(1)], ...shots.map((count) => line(String(count), count, measure))]);
  const sections = [
    `# Separability: ${markdown(file.name)}`,
    [
      `${file.images} images of ${file.pixelsPerImage} pixels, ${file.channels} channels, ${classes.length} classes; judged on ${file.testImages} images `,
      `that were not learned from, ${seeds.length} splits. A classifier learns from at most ${file.mostPixels} pixels. ${markdown(file.machine)}.`,
    ].join(""),
    `    ${visible(file.command)}`,
    "Mean ± standard deviation over splits (worst split). **Bold**: the best mean of a row; ≈: nearly ties with it (less than 0.005 apart, or " +
      "0 is within the 95 % interval of the difference split by split)." +
      (seeds.length < 3 ? " So few splits say little about noise." : ""),
    `## IoU, learned from ${most} images`,
    "The IoU of a class is averaged over the images where it appears or is found, as in the paper's Tables I and III; pooled: over the pixels of all images.",
    perClass,
    "## Mean IoU by images learned from",
    few(meanIou),
    "Pooled:",
    few(pooledMeanIou),
  ];
  return `${sections.join("\n\n")}\n`;
}

const CSV_COLUMNS = ["method", "shots", "seed", "seconds", "trainingPixels", "accuracy"] as const;

/** Every row with the IoUs of all classes, for other programs. */
export function separabilityCsv({ rows, classes }: SeparabilityFile): string {
  const head = [
    ...CSV_COLUMNS,
    "meanIou",
    "pooledMeanIou",
    ...classes.map((name) => csvCell(`iou ${name}`)),
    ...classes.map((name) => csvCell(`pooledIou ${name}`)),
  ];
  const lines = rows.map((row) =>
    [...CSV_COLUMNS.map((name) => row[name]), meanIou(row), pooledMeanIou(row), ...row.iou, ...row.pooledIou]
      .map(csvCell)
      .join(","),
  );
  return `${[head.join(","), ...lines].join("\n")}\n`;
}
