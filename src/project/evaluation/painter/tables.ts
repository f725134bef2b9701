/** Tables of `klish evaluate painter`. */
import type { SlicedWasserstein } from "../../../features/quality/slicedWasserstein.ts";
import { csvCell, markdown } from "../../../text/escape.ts";
import type { SegmenterScores } from "../../../train/segmenter/scores.ts";
import type { EditFigures } from "./edits.ts";

/** What was measured. */
export interface PainterFigures {
  /** Masks and pictures. */
  readonly images: number;
  /** Whether they were held back from learning. */
  readonly heldBack: boolean;
  readonly swd: SlicedWasserstein;
  readonly density: number;
  readonly coverage: number;
  readonly precision: number;
  readonly recall: number;
  /** Fréchet distance by the features of the user's model; null without one. */
  readonly fid: number | null;
  /** Mean distance of colours, 0 to 1: of paintings in their picture's own style (null: no encoder), and between styles of one mask. */
  readonly ownStyle: number | null;
  readonly diversity: number;
  /** The segmenter's scores on paintings and on the pictures themselves; null without one. */
  readonly obedience: { readonly painted: SegmenterScores; readonly real: SegmenterScores } | null;
  /** By kind of edit; none where no mask has a part that can be edited. */
  readonly edits: readonly EditFigures[];
}

export interface PainterFacts {
  readonly model: string;
  readonly data: string;
  readonly segmenter: string | null;
  readonly classes: readonly string[];
  readonly styles: number;
  readonly command: string;
}

const percent = (x: number): string => (Number.isNaN(x) ? "" : (100 * x).toFixed(1));

const table = (lines: readonly (readonly string[])[]): string =>
  [lines[0], lines[0].map(() => "---"), ...lines.slice(1)]
    .map((line) => `| ${line.map(markdown).join(" | ")} |`)
    .join("\n");

/** Rows of name and value, as the terminal shows them too. */
export function figureRows(figures: PainterFigures): string[][] {
  const { swd, obedience, edits, ownStyle } = figures;
  return [
    ["sliced Wasserstein", `${swd.mean.toFixed(2)}, x 1000; 0 is equal`],
    ["density", figures.density.toFixed(3)],
    ["coverage", figures.coverage.toFixed(3)],
    ["precision, recall", `${figures.precision.toFixed(3)}, ${figures.recall.toFixed(3)}`],
    ...(figures.fid === null ? [] : [["Fréchet distance", figures.fid.toFixed(2)]]),
    ...(ownStyle === null ? [] : [["colours off, own style", `${percent(ownStyle)} %`]]),
    ["colours apart, other styles", `${percent(figures.diversity)} %`],
    ...(obedience === null
      ? []
      : [
          [
            "mIoU of paintings",
            `${percent(obedience.painted.meanIou)} %, ${(obedience.painted.meanIou / obedience.real.meanIou).toFixed(3)} of that of the pictures (${percent(obedience.real.meanIou)} %)`,
          ],
        ]),
    ...edits.map(({ edit, masks, drawn, truth, unedited, obeyed, pasted }) => [
      `${edit} a part`,
      [
        `${percent(drawn)} % of the changed pixels follow (${masks} masks)`,
        ...(truth === null
          ? []
          : [`by the pictures themselves ${percent(truth)} %, and ${percent(unedited ?? Number.NaN)} % unedited`]),
        ...(obeyed === null
          ? []
          : [`${percent(obeyed)} % by the segmenter, which sees ${percent(pasted ?? Number.NaN)} % of pasted ones`]),
      ].join("; "),
    ]),
  ];
}

export function painterMarkdown(figures: PainterFigures, facts: PainterFacts): string {
  const { obedience, images, heldBack } = figures;
  const lines = [
    `# How well ${markdown(facts.model)} paints`,
    "",
    `${images} masks and pictures of ${markdown(facts.data)}${heldBack ? ", held back from learning" : ", those that it learned from among them"}; ${facts.styles} styles a mask for their differences.` +
      (facts.segmenter === null ? "" : ` Obedience is judged by ${markdown(facts.segmenter)}.`),
    "",
    table([["", ""], ...figureRows(figures)]),
  ];
  if (obedience !== null)
    lines.push(
      "",
      table([
        ["class", "IoU of paintings, %", "of the pictures, %"],
        ...facts.classes.map((name, id) => [name, percent(obedience.painted.iou[id]), percent(obedience.real.iou[id])]),
      ]),
    );
  return `${[...lines, "", `\`${markdown(facts.command)}\``].join("\n")}\n`;
}

/** One figure a line. */
export function painterCsv(figures: PainterFigures, { classes }: PainterFacts): string {
  const { obedience, edits, swd } = figures;
  const rows: [string, number | null][] = [
    ["images", figures.images],
    ["swd", swd.mean],
    ...swd.levels.map(({ side, distance }): [string, number] => [`swd/${side}`, distance]),
    ["density", figures.density],
    ["coverage", figures.coverage],
    ["precision", figures.precision],
    ["recall", figures.recall],
    ["fid", figures.fid],
    ["ownStyle", figures.ownStyle],
    ["diversity", figures.diversity],
    ...(obedience === null
      ? []
      : (["painted", "real"] as const).flatMap((kind): [string, number][] => [
          [`mIoU/${kind}`, obedience[kind].meanIou],
          [`accuracy/${kind}`, obedience[kind].accuracy],
          ...classes.map((name, id): [string, number] => [`iou/${kind}/${name}`, obedience[kind].iou[id]]),
        ])),
    ...edits.flatMap(({ edit, drawn, truth, unedited, obeyed, pasted }): [string, number | null][] => [
      [`drawn/${edit}`, drawn],
      [`truth/${edit}`, truth],
      [`unedited/${edit}`, unedited],
      [`edit/${edit}`, obeyed],
      [`pasted/${edit}`, pasted],
    ]),
  ];
  const cell = (value: number | null): string => (value === null || Number.isNaN(value) ? "" : String(value));
  return `figure,value\n${rows.map(([name, value]) => `${csvCell(name)},${cell(value)}\n`).join("")}`;
}
