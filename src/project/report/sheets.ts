/** The report's pictures as plain PNG sheets: parts at several K (the paper's Fig. 5) and each cluster by itself (Fig. 7). */
import sharp from "sharp";
import { type Hierarchy, hierarchyOf } from "../../cluster/tree/hierarchy.ts";
import type { MergeTree } from "../../cluster/tree/mergeTree.ts";
import { type HexColor, rgbOf } from "../../dataset/labelMap.ts";
import { xml } from "../../text/escape.ts";
import { clusterColors, cssColor, type Rgb } from "../cluster/palette.ts";
import { argmaxLabels } from "./argmax.ts";
import { matchIds } from "./matching.ts";
import { checkSamples, type ImageSamples, pixelsOf } from "./samples.ts";
import { clusterFigures, openingK, suggestStops } from "./stops.ts";

export interface SheetOptions {
  /** Columns of the sheet of parts. Default: the suggested stops, or else the K of DEFAULT_KS that the tree has; descending. */
  readonly ks?: readonly number[];
  /** K of the sheet of clusters. Default: that with which the report opens. */
  readonly k?: number;
  /** By id. Default: those that the tree gives (see `clusterColors`). */
  readonly colors?: readonly HexColor[];
  /** Another method's labels of the samples' pixels at a K: a sheet of its parts is drawn beside ours. */
  readonly rival?: { readonly name: string; readonly labelsAt: (k: number) => Promise<Uint16Array> };
}

/** K that show how the parts coarsen, where nothing suggests better ones. */
const DEFAULT_KS: readonly number[] = [50, 30, 20, 12, 8, 5];

/** Side of one picture on a sheet, the room between two, and that for captions, in pixels. */
const TILE = 128;
const GAP = 6;
const CAPTION = 26;

/** More rows or columns than this make a sheet that nobody looks at. */
const MOST_PICTURES = 12;
const MOST_CLUSTERS = 60;

const PAPER = 250;
const INK = "#1d1c1a";

/** Opacity of the parts over a picture. */
const PARTS_OPACITY = 0.75;

/** Mixed into what lies outside a cluster: a middle grey, from which white and black parts both stand out. */
const OUTSIDE: Rgb = [150, 150, 150];
const OUTSIDE_OPACITY = 0.85;

/** A canvas of tiles with captions: `place` copies an RGB tile [TILE,TILE,3] into row and column. */
function makeSheet(rows: number, columns: number, left: number) {
  const width = left + columns * (TILE + GAP) + GAP;
  const height = CAPTION + rows * (TILE + GAP) + GAP;
  const rgb = new Uint8Array(width * height * 3).fill(PAPER);
  const captions: string[] = [];
  const xOf = (column: number): number => left + GAP + column * (TILE + GAP);
  const yOf = (row: number): number => CAPTION + row * (TILE + GAP);
  const text = (x: number, y: number, anchor: string, value: string): void => {
    captions.push(`<text x="${x}" y="${y}" text-anchor="${anchor}">${xml(value)}</text>`);
  };
  return {
    place(row: number, column: number, tile: Uint8Array): void {
      for (let y = 0; y < TILE; y++)
        rgb.set(tile.subarray(y * TILE * 3, (y + 1) * TILE * 3), ((yOf(row) + y) * width + xOf(column)) * 3);
    },
    captionColumn: (column: number, value: string): void => text(xOf(column) + TILE / 2, CAPTION - 8, "middle", value),
    captionRow: (row: number, value: string, color: Rgb): void => {
      const y = yOf(row) + TILE / 2;
      captions.push(`<rect x="${GAP}" y="${y - 6}" width="12" height="12" rx="2" fill="${cssColor(color)}"/>`);
      text(GAP + 18, y + 5, "start", value);
    },
    async png(): Promise<Uint8Array> {
      const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="14" fill="${INK}">${captions.join("")}</svg>`;
      return sharp(rgb, { raw: { width, height, channels: 3 } })
        .composite([{ input: Buffer.from(overlay) }])
        .png({ compressionLevel: 9 })
        .toBuffer();
    },
  };
}

/** Each picture at the size of a tile, [TILE,TILE,3]. */
async function tilesOf({ count, width, height, rgb }: ImageSamples): Promise<Uint8Array[]> {
  const size = width * height * 3;
  return Promise.all(
    Array.from({ length: Math.min(count, MOST_PICTURES) }, (_, s) =>
      sharp(rgb.subarray(s * size, (s + 1) * size), { raw: { width, height, channels: 3 } })
        .resize(TILE, TILE, { fit: "fill", kernel: width < TILE ? "nearest" : "lanczos3" })
        .raw()
        .toBuffer(),
    ),
  );
}

/** The tile with every pixel mixed with `color` as far as `opacity` says, by the label under it. */
function paint(
  tile: Uint8Array,
  labels: Uint16Array,
  resolution: number,
  look: (id: number) => { color: Rgb; opacity: number },
): Uint8Array {
  const out = new Uint8Array(tile.length);
  for (let y = 0; y < TILE; y++) {
    const row = Math.floor((y * resolution) / TILE) * resolution;
    for (let x = 0; x < TILE; x++) {
      const { color, opacity } = look(labels[row + Math.floor((x * resolution) / TILE)]);
      const at = (y * TILE + x) * 3;
      for (let c = 0; c < 3; c++) out[at + c] = Math.round(tile[at + c] * (1 - opacity) + color[c] * opacity);
    }
  }
  return out;
}

/** SVM labels, as ids, at each of `ks`. */
function labelsAt(
  tree: MergeTree,
  hierarchy: Hierarchy,
  samples: ImageSamples,
  ks: ReadonlySet<number>,
): Map<number, Uint16Array> {
  const found = new Map<number, Uint16Array>();
  let k = tree.initialClusters;
  for (const labels of argmaxLabels(hierarchy, tree.steps, samples.scores, pixelsOf(samples))) {
    if (ks.has(k)) found.set(k, labels.slice());
    k--;
  }
  return found;
}

/**
 * Draws the sheets and returns their PNG bytes by file name; the caller writes them. Colours and SVM labels are the report's.
 * - `parts.png`: a row per picture (at most 12); the picture, then its parts at each of `ks`.
 * - `<rival>.png`: the same with the rival's parts, each in the colour of the cluster that it resembles most.
 * - `clusters.png`: a row per cluster at `k`, the largest first (at most 60); each picture dimmed outside the cluster.
 * Throws RangeError for a K outside the tree and for samples that do not fit it.
 */
export async function writeSheets(
  tree: MergeTree,
  samples: ImageSamples,
  options: SheetOptions = {},
): Promise<Map<string, Uint8Array>> {
  checkSamples(samples, tree.bias.length, tree.initialClusters);
  const hierarchy = hierarchyOf(tree.initialClusters, tree.steps);
  const stops = suggestStops(clusterFigures(tree));
  const { minK, maxK } = hierarchy;
  const usual = DEFAULT_KS.filter((k) => k >= minK && k <= maxK);
  const ks = [...(options.ks ?? (stops.length > 0 ? stops : usual.length > 0 ? usual : [maxK]))].sort((a, b) => b - a);
  const k = options.k ?? openingK(stops, minK, maxK);
  for (const asked of [...ks, k])
    if (!Number.isInteger(asked) || asked < minK || asked > maxK)
      throw new RangeError(`writeSheets: expected K in [${minK}, ${maxK}], got ${asked}`);

  const colors = options.colors?.map(rgbOf) ?? clusterColors(hierarchy);
  const labels = labelsAt(tree, hierarchy, samples, new Set([...ks, k]));
  const tiles = await tilesOf(samples);
  const area = samples.resolution ** 2;
  const of = (at: number, s: number): Uint16Array => labels.get(at)!.subarray(s * area, (s + 1) * area);

  /** A row per picture, a column per K. */
  const partsSheet = (caption: (at: number) => string, partsOf: (at: number, s: number) => Uint16Array) => {
    const sheet = makeSheet(tiles.length, 1 + ks.length, 0);
    ks.forEach((at, i) => {
      sheet.captionColumn(i + 1, caption(at));
    });
    tiles.forEach((tile, s) => {
      sheet.place(s, 0, tile);
      ks.forEach((at, i) => {
        const look = (id: number) => ({ color: colors[id], opacity: PARTS_OPACITY });
        sheet.place(s, i + 1, paint(tile, partsOf(at, s), samples.resolution, look));
      });
    });
    return sheet;
  };
  const parts = partsSheet((at) => `K = ${at}`, of);
  const others = new Map<string, Uint8Array>();
  if (options.rival !== undefined) {
    const { name, labelsAt: rivalAt } = options.rival;
    const found = new Map<number, Uint16Array>();
    for (const at of ks) {
      const own = await rivalAt(at);
      const ids = matchIds(own, labels.get(at) as Uint16Array, [...hierarchy.aliveAt(at)]);
      found.set(
        at,
        own.map((label) => ids.get(label) as number),
      );
    }
    const sheet = partsSheet(
      (at) => `${name}, K = ${at}`,
      (at, s) => (found.get(at) as Uint16Array).subarray(s * area, (s + 1) * area),
    );
    others.set(`${name}.png`, await sheet.png());
  }

  const step = tree.steps[maxK - k];
  const rows = Array.from(hierarchy.aliveAt(k), (id, i) => ({ id, share: step.sizes[i] / tree.pixels }))
    .sort((a, b) => b.share - a.share || a.id - b.id)
    .slice(0, MOST_CLUSTERS);
  const clusters = makeSheet(rows.length, tiles.length, 110);
  rows.forEach(({ id, share }, row) => {
    clusters.captionRow(row, `#${id}  ${(100 * share).toFixed(1)} %`, colors[id]);
    tiles.forEach((tile, s) => {
      const look = (other: number) => ({ color: OUTSIDE, opacity: other === id ? 0 : OUTSIDE_OPACITY });
      clusters.place(row, s, paint(tile, of(k, s), samples.resolution, look));
    });
  });
  return new Map([["parts.png", await parts.png()], ...others, ["clusters.png", await clusters.png()]]);
}
