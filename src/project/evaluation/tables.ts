import { clusterMethods } from "../../cluster/methods.ts";
import { type ScoreName, scoreNames } from "../../metrics/clusterScores.ts";
import { markdown, visible } from "../../text/escape.ts";
import { formatSeeds } from "../requests/seeds.ts";
import type { EvaluationFile, EvaluationRow } from "./rows.ts";
import { bestOf, type Cell, cells, ksOf, methodsOf, nearlyTie, scoreCells } from "./statistics.ts";

export const scoreTitles: Readonly<Record<ScoreName, string>> = {
  adjustedMutualInfo: "AMI",
  adjustedRandIndex: "ARI",
  randIndex: "RI",
  fowlkesMallows: "FMI",
  homogeneity: "homogeneity",
  completeness: "completeness",
  vMeasure: "V-measure",
  matchedMeanIou: "mIoU, greedy, per image",
  matchedMeanIouForeground: "mIoU, greedy, per image, foreground",
  matchedMeanIouPooled: "mIoU, greedy, pooled",
  matchedMeanIouPooledForeground: "mIoU, greedy, pooled, foreground",
  assignedMeanIou: "mIoU, assigned, per image",
  assignedMeanIouForeground: "mIoU, assigned, per image, foreground",
  assignedMeanIouPooled: "mIoU, assigned, pooled",
  assignedMeanIouPooledForeground: "mIoU, assigned, pooled, foreground",
};

/** Those of the paper's Table IV, and what the greedy matching cannot reward: one cluster per class, without the background. */
export const mainScores: readonly ScoreName[] = [
  "adjustedMutualInfo",
  "adjustedRandIndex",
  "matchedMeanIou",
  "assignedMeanIou",
  "assignedMeanIouForeground",
];

/** One line per row, all scores; empty where a score is not defined. */
export function evaluationCsv({ rows }: EvaluationFile): string {
  const columns = [
    "method",
    "k",
    "seed",
    "seconds",
    "balance",
    "largestShare",
    "effectiveClusters",
    "explainedVariance",
    "r2rel",
  ] as const;
  const lines = ordered(rows).map((row) =>
    [...columns.map((name) => row[name] ?? ""), ...scoreNames.map((name) => row.scores[name] ?? "")].join(","),
  );
  return `${[[...columns, ...scoreNames].join(","), ...lines].join("\n")}\n`;
}

function ordered(rows: readonly EvaluationRow[]): EvaluationRow[] {
  const methods = methodsOf(rows);
  return [...rows].sort(
    (a, b) => methods.indexOf(a.method) - methods.indexOf(b.method) || a.k - b.k || a.seed - b.seed,
  );
}

export function evaluationMarkdown(file: EvaluationFile): string {
  const { rows, name, pixels, channels, images, pixelStride, classes, background, initialClusters } = file;
  const seeds = [...new Set(rows.map((row) => row.seed))].sort((a, b) => a - b);
  const scores = mainScores.filter((score) => scoreCells(rows, score).length > 0);
  const sections = [
    `# ${markdown(name)}: clusters against ${classes} true classes`,
    [
      `${pixels} pixels x ${channels} channels${images > 1 ? ` of ${images} images` : ""}${pixelStride > 1 ? ` (stride ${pixelStride})` : ""}; `,
      `KLiSH from K0 = ${initialClusters}; ${seeds.length === 1 ? "seed" : "seeds"} ${formatSeeds(seeds)}`,
      `${background === null ? "" : `; background: class ${background}`}. ${markdown(file.machine)}.`,
    ].join(""),
    `    ${visible(file.command)}`,
    "Mean ± standard deviation over seeds (worst seed). **Bold**: the best mean at that K; ≈: nearly ties with it (less than 0.005 apart, " +
      "or 0 is within the 95 % interval of the difference seed by seed)." +
      (seeds.length < 3 ? " So few seeds say little about noise." : ""),
    ...scores.flatMap((score) => [`## ${scoreTitles[score]}`, scoreTable(rows, score)]),
    "## Where KLiSH stands",
    standing(rows, scores),
    "## The clusters themselves",
    "Means over seeds: the largest cluster's share of the pixels; effective clusters exp(entropy); explained variance relative to K-means' " +
      "at the same K and seed (R2rel); the balance that KLiSH chose; seconds (KLiSH: one tree for all K).",
    shapeTable(rows),
  ];
  return `${sections.join("\n\n")}\n`;
}

const table = (lines: readonly (readonly string[])[]): string =>
  [lines[0], lines[0].map(() => "---"), ...lines.slice(1)].map((line) => `| ${line.join(" | ")} |`).join("\n");

const decimal = (x: number): string => x.toFixed(3).replace(/^(-?)0\./, "$1.");

function scoreTable(rows: readonly EvaluationRow[], score: ScoreName): string {
  const all = scoreCells(rows, score);
  const ks = ksOf(rows);
  const lines = methodsOf(rows).map((method) => [
    clusterMethods[method].title,
    ...ks.map((k) => {
      const own = all.find((cell) => cell.method === method && cell.k === k);
      const best = bestOf(all.filter((cell) => cell.k === k));
      return own === undefined || best === undefined ? "" : cellText(own, best);
    }),
  ]);
  return table([["method", ...ks.map((k) => `K = ${k}`)], ...lines]);
}

function cellText(cell: Cell, best: Cell): string {
  const text = decimal(cell.mean);
  const mark = cell === best ? `**${text}**` : nearlyTie(cell, best) ? `≈ ${text}` : text;
  return Number.isNaN(cell.deviation) ? mark : `${mark} ± ${decimal(cell.deviation)} (${decimal(cell.least)})`;
}

/** One line per KLiSH variant and score: where it wins, ties and loses against the best of the others. */
function standing(rows: readonly EvaluationRow[], scores: readonly ScoreName[]): string {
  const variants = methodsOf(rows).filter((method) => clusterMethods[method].klish);
  const rivals = methodsOf(rows).filter((method) => !clusterMethods[method].klish);
  if (variants.length === 0 || rivals.length === 0)
    return "There is nothing to compare: KLiSH or its rivals are missing.";
  const lines = variants.flatMap((method) =>
    scores.map((score) => {
      const all = scoreCells(rows, score);
      const verdicts = ksOf(rows).flatMap((k) => {
        const own = all.find((cell) => cell.method === method && cell.k === k);
        const rival = bestOf(all.filter((cell) => cell.k === k && !clusterMethods[cell.method].klish));
        return own === undefined || rival === undefined ? [] : [verdict(own, rival)];
      });
      return `- ${clusterMethods[method].title}, ${scoreTitles[score]}: ${verdicts.join("; ")}.`;
    }),
  );
  return lines.join("\n");
}

function verdict(own: Cell, rival: Cell): string {
  const gap = Math.abs(own.mean - rival.mean)
    .toFixed(3)
    .replace(/^0/, "");
  const title = clusterMethods[rival.method].title;
  const sign = own.mean < rival.mean ? "-" : "+";
  if (nearlyTie(own, rival)) return `K = ${own.k} nearly ties with ${title} (${sign}${gap})`;
  return own.mean > rival.mean
    ? `K = ${own.k} wins by ${gap} over ${title}`
    : `K = ${own.k} **loses** by ${gap} to ${title}`;
}

function shapeTable(rows: readonly EvaluationRow[]): string {
  const columns: readonly [string, (row: EvaluationRow) => number | null, (x: number) => string][] = [
    ["largest share", (row) => row.largestShare, (x) => `${(100 * x).toFixed(1)} %`],
    ["effective clusters", (row) => row.effectiveClusters, (x) => x.toFixed(1)],
    ["R2rel", (row) => row.r2rel, (x) => x.toFixed(2)],
    ["balance", (row) => (row.method === "klish-paper" ? null : row.balance), (x) => x.toFixed(2)],
    ["seconds", (row) => row.seconds, (x) => x.toFixed(1)],
  ];
  const values = columns.map(([, value]) => cells(rows, value));
  const lines = methodsOf(rows).flatMap((method) =>
    ksOf(rows).map((k) => [
      clusterMethods[method].title,
      String(k),
      ...columns.map(([, , format], i) => {
        const found = values[i].find((cell) => cell.method === method && cell.k === k);
        return found === undefined ? "" : format(found.mean);
      }),
    ]),
  );
  return table([["method", "K", ...columns.map(([title]) => title)], ...lines]);
}
