/** edits.png: the clusters of an edited cut on a few pictures, with their numbers. */
import sharp, { type OverlayOptions } from "sharp";
import { cutClassifier, type TreeCut } from "../../cluster/tree/treeCut.ts";
import { type HexColor, rgbOf } from "../../dataset/labelMap.ts";
import { predict } from "../../pixels/predict.ts";
import { xml } from "../../text/escape.ts";
import { pathIn } from "../cluster/project.ts";
import type { EditCache } from "../sampling/editCache.ts";
import { writeAtomic } from "../storage/files.ts";

const FILE = "edits.png";
const GAP = 8;
const LEGEND = 320;
const LINE = 20;
const OPACITY = 0.65;

/** A cluster of the cut, as it is told and drawn. */
export interface EditedCluster {
  readonly id: number;
  readonly color: HexColor;
  readonly name: string | null;
  readonly locked: boolean;
  /** Of the clustered pixels, by merged start labels. */
  readonly share: number;
  /** Of a merge by hand: on the sample that it was trained on. */
  readonly iou: number;
  /** Start clusters that it holds. */
  readonly starts: number;
}

/** Draws the sheet and returns its path. */
export async function drawCut(
  project: { readonly folder: string },
  cache: EditCache,
  cut: TreeCut,
  clusters: readonly EditedCluster[],
): Promise<string> {
  const { pictures, side, grid, shown } = cache;
  const labels = await predict(shown, cutClassifier(cut));
  const colors = clusters.map(({ color }) => rgbOf(color));
  const width = pictures.length * (side + GAP) + GAP + LEGEND;
  const height = Math.max(2 * side + 3 * GAP, (clusters.length + 1) * LINE + GAP);
  const tiles: OverlayOptions[] = [];
  const raw = { width: side, height: side, channels: 3 } as const;
  for (const [i, rgb] of pictures.entries()) {
    const painted = Uint8Array.from(rgb);
    for (let p = 0; p < side * side; p++) {
      const row = Math.floor((Math.floor(p / side) * grid) / side);
      const column = Math.floor(((p % side) * grid) / side);
      const color = colors[labels[(i * grid + row) * grid + column]];
      for (let c = 0; c < 3; c++) painted[3 * p + c] = Math.round(rgb[3 * p + c] * (1 - OPACITY) + color[c] * OPACITY);
    }
    const left = GAP + i * (side + GAP);
    tiles.push({ input: Buffer.from(rgb), raw, left, top: GAP });
    tiles.push({ input: Buffer.from(painted), raw, left, top: side + 2 * GAP });
  }
  const lines = clusters.map(({ id, color, name, locked, share, iou }, i) => {
    const y = LINE * (i + 1);
    const text = `#${id}${name === null ? "" : `  ${name}`}${locked ? "  (locked)" : ""}`;
    return (
      `<rect x="0" y="${y - 12}" width="14" height="14" rx="3" fill="${color}"/><text x="22" y="${y}">${xml(text)}</text>` +
      `<text x="${LEGEND - GAP}" y="${y}" text-anchor="end" fill="#777">${(100 * share).toFixed(1)} %, IoU ${iou.toFixed(2)}</text>`
    );
  });
  const legend = `<svg xmlns="http://www.w3.org/2000/svg" width="${LEGEND}" height="${height}" font-family="sans-serif" font-size="13" fill="#1d1c1a">${lines.join("")}</svg>`;
  tiles.push({ input: Buffer.from(legend), left: width - LEGEND, top: 0 });
  const sheet = sharp({ create: { width, height, channels: 3, background: "#fafaf8" } }).composite(tiles);
  const path = pathIn(project, FILE);
  await writeAtomic(path, await sheet.png().toBuffer());
  return path;
}
