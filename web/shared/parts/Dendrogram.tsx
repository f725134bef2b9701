/** The tree of merges: time runs to the left, as K falls; each cluster is a line that ends where it joins another. */
import { type ReactElement, useMemo, useRef } from "react";
import { useFrame, useParts } from "./context.tsx";
import { type KScale, MARGIN } from "./kAxis.ts";
import type { Model } from "./model.ts";
import { focusOf } from "./state.ts";

/** Distance of neighbouring lines, in pixels: as much as fits, within these bounds. */
const LEAST_PITCH = 5;
const MOST_PITCH = 22;
const ROOM = 520;

/** A line's width follows the square root of the cluster's share, up to this many pixels. */
const MOST_WIDTH = 9;
const widthOf = (share: number): number => 1 + (MOST_WIDTH - 1) * Math.sqrt(share);

/** Empty space above the first line and below the last, in pixels. */
const PADDING = 6;

const pitchOf = (leaves: number): number => Math.min(MOST_PITCH, Math.max(LEAST_PITCH, ROOM / leaves));

/** The start cluster whose line is at a height of `y` pixels, or null. */
export function leafAt({ hierarchy: { leafOrder } }: Model, y: number): number | null {
  return leafOrder[Math.floor((y - PADDING) / pitchOf(leafOrder.length))] ?? null;
}

function linesOf(model: Model, scale: KScale): ReactElement[] {
  const { hierarchy, data } = model;
  const { maxK, leafOrder, merges } = hierarchy;
  const pitch = pitchOf(leafOrder.length);
  const yOf = new Map(leafOrder.map((id, i) => [id, PADDING + pitch * (i + 0.5)]));

  // Each line is cut where its cluster grows. `open` is where the current piece of each line began, with its share there.
  const open = new Map(data.steps[0].share.map((share, id) => [id, { from: scale.apply(maxK) + 4, share }]));
  const lines: ReactElement[] = [];
  const line = (id: number, d: string, width: number): void => {
    lines.push(<path key={lines.length} data-id={id} d={d} stroke={data.colors[id]} strokeWidth={width} />);
  };
  const draw = (id: number, until: number): void => {
    const { from, share } = open.get(id)!;
    line(id, `M${from},${yOf.get(id)!}H${until}`, widthOf(share));
  };
  for (const { k, kept, removed } of merges) {
    const x = scale.apply(k - 0.5);
    draw(removed, x);
    draw(kept, x);
    const { share } = open.get(removed)!;
    line(removed, `M${x},${yOf.get(removed)!}V${yOf.get(kept)!}`, Math.max(1, widthOf(share) * 0.6));
    open.delete(removed);
    const after = model.stepAt(k - 1).share[hierarchy.aliveAt(k - 1).indexOf(kept)];
    open.set(kept, { from: x, share: after });
  }
  for (const id of open.keys()) draw(id, MARGIN.left);
  return lines;
}

/** Veils what lies beyond K, and dims every line that the cluster in focus does not own at K. */
export function Dendrogram({ scale, width }: { readonly scale: KScale; readonly width: number }) {
  const { model } = useParts();
  const { merges, maxK, minK, leafOrder } = model.hierarchy;
  const height = pitchOf(leafOrder.length) * leafOrder.length + 2 * PADDING;
  const lines = useMemo(() => linesOf(model, scale), [model, scale]);
  const ref = useRef<SVGSVGElement>(null);
  useFrame(
    (now, before) => {
      const svg = ref.current!;
      svg.querySelector(".future")!.setAttribute("width", String(Math.max(0, scale.apply(now.k))));
      const owners = model.hierarchy.ownersAt(now.k);
      const focus = focusOf(now);
      if (focus === null && before && focusOf(before) === null) return;
      for (const path of svg.querySelectorAll<SVGElement>("[data-id]"))
        path.classList.toggle("dimmed", focus !== null && owners[Number(path.dataset.id)] !== focus);
    },
    [model, scale],
  );
  return (
    <svg
      ref={ref}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`Tree of ${merges.length} merges from ${maxK} clusters to ${minK}`}
    >
      <g strokeLinecap="butt" fill="none">
        {lines}
      </g>
      <rect className="future" x={0} y={0} height={height} width={0} />
    </svg>
  );
}
