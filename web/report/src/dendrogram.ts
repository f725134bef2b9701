/** The tree of merges: time runs to the left, as K falls; each cluster is a line that ends where it joins another. */
import { svg } from "./dom.ts";
import { type KScale, MARGIN } from "./kAxis.ts";
import type { Model } from "./model.ts";

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

export function drawDendrogram(container: HTMLElement, model: Model, scale: KScale, width: number): void {
  const { hierarchy, data } = model;
  const { minK, maxK, leafOrder, merges } = hierarchy;
  const pitch = pitchOf(leafOrder.length);
  const height = pitch * leafOrder.length + 2 * PADDING;
  const yOf = new Map(leafOrder.map((id, i) => [id, PADDING + pitch * (i + 0.5)]));

  // Each line is cut where its cluster grows. `open` is where the current piece of each line began, with its share there.
  const open = new Map(data.steps[0].share.map((share, id) => [id, { from: scale.apply(maxK) + 4, share }]));
  const lines = svg("g", { "stroke-linecap": "butt", fill: "none" });
  const draw = (id: number, until: number): void => {
    const { from, share } = open.get(id)!;
    const y = yOf.get(id)!;
    lines.append(
      svg("path", {
        "data-id": id,
        d: `M${from},${y}H${until}`,
        stroke: data.colors[id],
        "stroke-width": widthOf(share),
      }),
    );
  };
  for (const { k, kept, removed } of merges) {
    const x = scale.apply(k - 0.5);
    draw(removed, x);
    draw(kept, x);
    const { share } = open.get(removed)!;
    lines.append(
      svg("path", {
        "data-id": removed,
        d: `M${x},${yOf.get(removed)!}V${yOf.get(kept)!}`,
        stroke: data.colors[removed],
        "stroke-width": Math.max(1, widthOf(share) * 0.6),
      }),
    );
    open.delete(removed);
    const after = model.stepAt(k - 1).share[hierarchy.aliveAt(k - 1).indexOf(kept)];
    open.set(kept, { from: x, share: after });
  }
  for (const id of open.keys()) draw(id, MARGIN.left);

  const future = svg("rect", { class: "future", x: 0, y: 0, height, width: 0 });
  container.replaceChildren(
    svg(
      "svg",
      {
        width,
        height,
        viewBox: `0 0 ${width} ${height}`,
        role: "img",
        "aria-label": `Tree of ${merges.length} merges from ${maxK} clusters to ${minK}`,
      },
      lines,
      future,
    ),
  );
}

/** Veils what lies beyond K, and dims every line that the cluster in focus does not own at K. */
export function showInDendrogram(
  container: HTMLElement,
  model: Model,
  scale: KScale,
  k: number,
  focus: number | null,
): void {
  const future = container.querySelector(".future");
  if (!future) return;
  future.setAttribute("width", String(Math.max(0, scale.apply(k))));
  const owners = model.hierarchy.ownersAt(k);
  for (const line of container.querySelectorAll<SVGElement>("[data-id]"))
    line.classList.toggle("dimmed", focus !== null && owners[Number(line.dataset.id)] !== focus);
}
