/** From clusters to labels: the recipe applied to pixels. */
import { type Component, connectedComponents } from "../../dataset/components.ts";
import {
  checkClasses,
  type DatasetClass,
  type HexColor,
  IGNORE_LABEL,
  type LabelMap,
  rgbOf,
} from "../../dataset/labelMap.ts";
import { cssColor } from "../cluster/palette.ts";
import { type ClassSplit, type LabelState, partNames } from "./recipe.ts";

/** The recipe, ready for pixels. */
export interface Labeller {
  /** With a class for each part of a split one; the index is the id. */
  readonly classes: readonly DatasetClass[];
  /** `clusters` [height,width] among the recipe's K to labels. Pixels that `uncertain` names are ignored. */
  label(clusters: Uint8Array, width: number, height: number, uncertain?: (pixel: number) => boolean): LabelMap;
}

/** Throws RangeError when the splits make more than 255 classes. */
export function labeller({ k, classes, ignored }: LabelState): Labeller {
  const expanded: DatasetClass[] = [];
  const lookup = new Uint8Array(k).fill(IGNORE_LABEL);
  const splits: { readonly first: number; readonly split: ClassSplit }[] = [];
  for (const { name, color, background, clusters, split } of classes) {
    const first = expanded.length;
    for (const cluster of clusters) lookup[cluster] = first;
    const parts = partNames(split);
    parts.forEach((part, i) => {
      expanded.push({ name: name + part, color: shade(color, i, parts.length), background });
    });
    if (split !== null) splits.push({ first, split });
  }
  for (const cluster of ignored) lookup[cluster] = IGNORE_LABEL;
  checkClasses(expanded);
  const isBackground = expanded.map((c) => c.background);
  return {
    classes: expanded,
    label(clusters, width, height, uncertain) {
      const data = clusters.map((cluster) => lookup[cluster]);
      if (uncertain !== undefined) for (let p = 0; p < data.length; p++) if (uncertain(p)) data[p] = IGNORE_LABEL;
      const map = { width, height, data };
      if (splits.length > 0) splitClasses(map, splits, isBackground);
      return map;
    },
  };
}

/** How far the last part of a split class goes towards white. */
const LIGHTEST = 0.6;

function shade(color: HexColor, i: number, parts: number): HexColor {
  if (parts === 1) return color;
  const mix = (LIGHTEST * i) / (parts - 1);
  const [r, g, b] = rgbOf(color).map((v) => Math.round(v + (255 - v) * mix));
  return cssColor([r, g, b]);
}

/** Gives the areas of split classes, in `map` itself, the ids of their parts. */
function splitClasses(
  map: LabelMap,
  splits: readonly { readonly first: number; readonly split: ClassSplit }[],
  isBackground: readonly boolean[],
): void {
  const { index, list } = connectedComponents(map);
  const part = new Int32Array(list.length).fill(-1);
  for (const { first, split } of splits) {
    const areas = list.flatMap((component, i) => (component.label === first ? [{ i, ...component }] : []));
    if (areas.length === 0) continue;
    const partOf = split.kind === "left-right" ? bySide(map, isBackground) : bySize(areas, split.count);
    for (const area of areas) part[area.i] = first + partOf(area);
  }
  for (let p = 0; p < index.length; p++) if (index[p] >= 0 && part[index[p]] >= 0) map.data[p] = part[index[p]];
}

/** 0 left, 1 right of the mean column of everything but the background: the picture's left, not the subject's. */
function bySide({ width, data }: LabelMap, isBackground: readonly boolean[]): (area: Component) => number {
  let sum = 0;
  let count = 0;
  for (let p = 0; p < data.length; p++)
    if (data[p] !== IGNORE_LABEL && !isBackground[data[p]]) {
      sum += p % width;
      count++;
    }
  const axis = count > 0 ? sum / count : (width - 1) / 2;
  return ({ centroid }) => (centroid[0] < axis ? 0 : 1);
}

/** The `count` largest areas numbered from left to right; each smaller one joins the nearest of them. */
function bySize(areas: readonly Component[], count: number): (area: Component) => number {
  const largest = [...areas]
    .sort((a, b) => b.area - a.area)
    .slice(0, count)
    .sort((a, b) => a.centroid[0] - b.centroid[0]);
  return ({ centroid: [x, y] }) => {
    const distances = largest.map(({ centroid }) => (centroid[0] - x) ** 2 + (centroid[1] - y) ** 2);
    return distances.indexOf(Math.min(...distances));
  };
}
