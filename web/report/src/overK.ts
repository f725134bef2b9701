/** Curves and dendrogram over one common axis of K. A cursor at K crosses them all; dragging it sets K. */
import { COLLAPSE_SHARE } from "../../../src/project/report/stops.ts";
import { makeCharts } from "./curves.ts";
import { drawDendrogram, leafAt, showInDendrogram } from "./dendrogram.ts";
import { byId, h, percent } from "./dom.ts";
import type { KScale } from "./kAxis.ts";
import type { Model } from "./model.ts";
import { focusOf } from "./state.ts";
import type { Store } from "./store.ts";
import { hideTip, showTip } from "./tip.ts";

/** How far a finger must move sideways before it drags the cursor, in pixels. */
const SIDEWAYS = 8;

/** What the reader should know before trusting a high IoU, or null. */
function collapseOf(model: Model): string | null {
  const collapsed = model.figures.find(({ largest }) => largest > COLLAPSE_SHARE);
  if (!collapsed) return null;
  const advice = model.data.criterion === "paper" ? " The pair criterion (--criterion pair) avoids this." : "";
  return `From K = ${collapsed.k} down, one cluster holds over ${percent(COLLAPSE_SHARE)} of the pixels. Its IoU is high by size alone.${advice}`;
}

export function makeOverK(model: Model, { dispatch, subscribe, state }: Store): void {
  const section = byId("over-k");
  const stops = model.data.stops;
  const charts = makeCharts(model);
  const cursor = h("div", { class: "cursor" }, h("span", {}));
  const dendrogram = h("div", { class: "dendrogram" });
  const stack = h(
    "div",
    { class: "stack-over-k" },
    ...charts.map(({ head, plot }) => h("div", { class: "chart" }, head, plot)),
    h(
      "div",
      { class: "chart" },
      h(
        "div",
        { class: "chart-head" },
        h("h3", {}, "Merges"),
        h("span", {}, "each line a cluster, thick where it is large; it ends where it joins another"),
      ),
      dendrogram,
    ),
    cursor,
  );
  const collapse = collapseOf(model);
  section.append(
    h("h2", { id: "over-k-title" }, "From ", h("i", {}, "K"), ` = ${model.hierarchy.maxK} to ${model.hierarchy.minK}`),
    h(
      "p",
      { class: "lead" },
      stops.length
        ? `Suggested stops: ${stops.join(", ")}. There the lowest IoU rises furthest above that of every larger K: the worst cluster was just resolved. `
        : `No K stands out as a stop: none up to half of K0 at which the lowest IoU rises while every cluster stays below ${percent(COLLAPSE_SHARE)} of the pixels. `,
      "Click or drag to set K.",
    ),
    ...(collapse ? [h("p", { class: "warning", role: "note" }, collapse)] : []),
    stack,
  );

  let scale: KScale = { apply: () => 0, invert: () => state().k };
  const show = (): void => {
    const { k } = state();
    cursor.style.transform = `translateX(${scale.apply(k)}px)`;
    cursor.firstElementChild!.textContent = String(k);
    for (const chart of charts) chart.show(k);
    showInDendrogram(dendrogram, model, scale, k, focusOf(state()));
  };
  let width = 0;
  new ResizeObserver(([entry]) => {
    const next = Math.round(entry.contentRect.width);
    if (next === width || next === 0) return;
    width = next;
    for (const chart of charts) scale = chart.draw(width);
    drawDendrogram(dendrogram, model, scale, width);
    show();
  }).observe(stack);

  const scrub = (event: MouseEvent): void =>
    dispatch({ type: "setK", k: scale.invert(event.clientX - stack.getBoundingClientRect().left) });
  /** Where the pointer went down while it drags the cursor. A finger may be scrolling: it must move sideways first. */
  let downAt: number | null = null;
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === "mouse") {
      stack.setPointerCapture(event.pointerId);
      scrub(event);
    }
    downAt = event.clientX;
  });
  stack.addEventListener("pointermove", (event) => {
    if (downAt !== null && (event.pointerType === "mouse" || Math.abs(event.clientX - downAt) > SIDEWAYS)) scrub(event);
    if (downAt !== null) return;
    const box = dendrogram.getBoundingClientRect();
    const leaf = event.clientY < box.top ? null : leafAt(model, event.clientY - box.top);
    const id = leaf === null ? null : model.hierarchy.ownersAt(state().k)[leaf];
    dispatch({ type: "hover", id });
    if (id === null) hideTip();
    else showTip(model, state(), id, event);
  });
  for (const type of ["pointerup", "pointercancel"] as const)
    stack.addEventListener(type, () => {
      downAt = null;
    });
  stack.addEventListener("click", scrub);
  stack.addEventListener("pointerleave", () => {
    dispatch({ type: "hover", id: null });
    hideTip();
  });

  subscribe((now, before) => {
    if (before && (now.k !== before.k || focusOf(now) !== focusOf(before))) show();
  });
}
