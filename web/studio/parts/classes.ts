/** From labels to what is shown: names, colours, and the rows of the list. */
import type { LabelledClass, Labels } from "../../../src/studio/api.ts";
import type { Called, Groups } from "../../shared/parts/groups.ts";
import type { Rgb } from "../../shared/parts/labelPaint.ts";
import { type Model, parseColor } from "../../shared/parts/model.ts";
import type { Row } from "../../shared/parts/PartList.tsx";
import type { LabelDesk } from "./useLabels.ts";

const IGNORED = -2;

/** What clusters are called at `k`: as the labels say at their own K, and elsewhere as most of a cluster's pixels are called. */
export function calledAt(
  { labels, sent }: Pick<LabelDesk, "labels" | "sent">,
  { hierarchy }: Pick<Model, "hierarchy">,
  k: number,
): Called {
  const names = new Map<number, string>();
  const colors = new Map<number, Rgb>();
  const ignored = new Set<number>();
  if (labels?.k === k) {
    for (const { name, named, color, parts } of labels.classes)
      for (const id of parts) {
        if (named) names.set(id, name);
        colors.set(id, parseColor(color));
      }
    for (const id of labels.ignored) ignored.add(id);
  } else if (labels !== null) {
    const { of = [] } = labels.names.byK.find((one) => one.k === k) ?? {};
    for (const [i, id] of hierarchy.aliveAt(k).entries()) {
      const { name, color } = labels.names.classes[of[i]] ?? {};
      if (name !== undefined && color !== undefined) {
        names.set(id, name);
        colors.set(id, parseColor(color));
      }
      if (of[i] === IGNORED) ignored.add(id);
    }
  }
  for (const [id, name] of sent) names.set(id, name);
  return { names, colors, ignored };
}

/** The clusters' rows as rows of parts: clusters of one part are one row, at the place of the first. */
export function joined(rows: readonly Row[], { of }: Groups): Row[] {
  const parts = new Map<number, Row>();
  for (const row of rows) {
    const part = parts.get(of[row.id]);
    const ids = [...(part?.ids ?? []), row.id].sort((a, b) => a - b);
    parts.set(of[row.id], {
      ...{ id: ids[0], ids, name: row.name },
      share: (part?.share ?? 0) + row.share,
      iou: Math.min(part?.iou ?? 1, row.iou),
    });
  }
  return [...parts.values()];
}

/** The class that a row shows, where the labels are at the K in sight. */
export const classOf = (labels: Labels | null, k: number, row: Row): LabelledClass | undefined =>
  labels?.k === k ? labels.classes.find(({ parts }) => parts.includes(row.id)) : undefined;
