/** The report's data, unpacked: labels and figures at any K. */

import { type Hierarchy, hierarchyOf } from "../../../src/cluster/tree/hierarchy.ts";
import { effectiveClusters } from "../../../src/cluster/tree/mergeTree.ts";
import type { Packed, ReportData, StepData } from "../../../src/project/report/data.ts";
import { decodeSeries, followMerges, type LabelSeries } from "../../../src/project/report/series.ts";
import { maximum, mean, minimum } from "../../../src/project/report/stops.ts";
import type { Mode } from "./state.ts";

/** Figures of one K for the curves. */
export interface Figures {
  readonly k: number;
  readonly minIou: number;
  readonly meanIou: number;
  /** Of the merge that leads to k - 1; null at the last K. */
  readonly score: number | null;
  /** By merged labels, over everything that was clustered. */
  readonly largest: number;
  readonly effective: number;
  /** R2 and R2rel; null where they were not measured. */
  readonly explained: StepData["explained"];
}

export interface Model {
  readonly data: ReportData;
  readonly hierarchy: Hierarchy;
  /** Descending in K. */
  readonly figures: readonly Figures[];
  /** Shown pixels per sample, and samples. */
  readonly pixels: number;
  readonly samples: number;
  /** [r, g, b] of each start cluster, 0..255. */
  readonly rgb: readonly (readonly [number, number, number])[];
  stepAt(k: number): StepData;
  figuresAt(k: number): Figures;
  /** Id at each shown pixel, [samples*pixels]. Not to be written to. */
  idsAt(k: number, mode: Mode): Uint16Array;
  /** Share of each id at `k`: of all clustered pixels by merged labels, or of the shown ones by argmax. */
  sharesAt(k: number, mode: Mode): ReadonlyMap<number, number>;
  /** 8-bit confidence map of a classifier row over the first samples, or null when the page has none. */
  confidence(row: number): Promise<Uint8Array | null>;
}

/** Undoes `pack`: base64 and zlib. */
export async function unpack(packed: Packed): Promise<Uint8Array> {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Recently used label maps kept per page: before and after a merge in both modes, and a few steps of play. */
const CACHED_MAPS = 12;

/** "#rrggbb" as [r, g, b], 0..255. */
export function parseColor(css: string): [number, number, number] {
  const value = Number.parseInt(css.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

export async function openModel(data: ReportData): Promise<Model> {
  const { canvas, initialClusters, steps } = data;
  const hierarchy = hierarchyOf(initialClusters, steps);
  const samples = canvas.kind === "images" ? canvas.sources.length : 1;
  const pixels = canvas.kind === "images" ? canvas.resolution ** 2 : canvas.count;
  const total = samples * pixels;
  const [startBytes, argmaxBytes] = await Promise.all([unpack(data.initialLabels), unpack(data.argmax)]);
  const start = decodeSeries(startBytes, total, 1).at(0);
  const argmax: LabelSeries = decodeSeries(argmaxBytes, total, steps.length, followMerges(hierarchy.merges));

  const figures = steps.map(
    ({ k, iou, share, score, explained }, i): Figures => ({
      k,
      minIou: minimum(iou),
      meanIou: mean(iou),
      score: i === steps.length - 1 ? null : score,
      largest: maximum(share),
      effective: effectiveClusters(share),
      explained,
    }),
  );
  const maps = new Map<string, Uint16Array>();
  const shares = new WeakMap<Uint16Array, ReadonlyMap<number, number>>();
  const unpacked = new Map<number, Promise<Uint8Array>>();

  const idsAt = (k: number, mode: Mode): Uint16Array => {
    const key = `${mode} ${k}`;
    let ids = maps.get(key);
    if (!ids) {
      const owners = hierarchy.ownersAt(k);
      ids = mode === "merged" ? start.map((label) => owners[label]) : argmax.at(hierarchy.maxK - k).slice();
      if (maps.size >= CACHED_MAPS) maps.delete(maps.keys().next().value!);
      maps.set(key, ids);
    }
    return ids;
  };

  return {
    data,
    hierarchy,
    figures,
    pixels,
    samples,
    rgb: data.colors.map(parseColor),
    stepAt: (k) => steps[hierarchy.maxK - k],
    figuresAt: (k) => figures[hierarchy.maxK - k],
    idsAt,
    sharesAt(k, mode) {
      const ids = idsAt(k, mode);
      let found = shares.get(ids);
      if (!found) {
        const alive = Array.from(hierarchy.aliveAt(k));
        if (mode === "merged") found = new Map(alive.map((id, i) => [id, steps[hierarchy.maxK - k].share[i]]));
        else {
          const counts = new Uint32Array(initialClusters);
          for (let n = 0; n < total; n++) counts[ids[n]]++;
          found = new Map(alive.map((id) => [id, counts[id] / total]));
        }
        shares.set(ids, found);
      }
      return found;
    },
    async confidence(row) {
      const packed = data.confidence.rows[row];
      if (!packed) return null;
      let map = unpacked.get(row);
      if (!map) {
        map = unpack(packed);
        unpacked.set(row, map);
      }
      return map;
    },
  };
}
