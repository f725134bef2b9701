/** Curves and dendrogram over one common axis of K. A cursor at K crosses them all; dragging it sets K. */
import { COLLAPSE_SHARE } from "../../src/project/report/stops.ts";
import { makeCharts } from "./curves.ts";
import { drawDendrogram, showInDendrogram } from "./dendrogram.ts";
import { byId, h, percent } from "./dom.ts";
import type { KScale } from "./kAxis.ts";
import type { Model } from "./model.ts";
import { focusOf } from "./state.ts";
import type { Store } from "./store.ts";

/** A line for the reader who would be misled by a high IoU, or null. */
function warningAt(model: Model, k: number): string | null {
  const { largest, effective } = model.figuresAt(k);
  if (largest <= COLLAPSE_SHARE) return null;
  const advice = model.data.criterion === "paper" ? " The pair criterion avoids this." : "";
  return `One cluster holds ${percent(largest)} of the pixels: ${k} clusters are worth ${effective.toFixed(1)}. Its IoU is high by size alone.${advice}`;
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
  const warning = h("p", { class: "warning", role: "note" });
  section.append(
    h("h2", { id: "over-k-title" }, "From ", h("i", {}, "K"), ` = ${model.hierarchy.maxK} to ${model.hierarchy.minK}`),
    h(
      "p",
      { class: "lead" },
      stops.length
        ? `Suggested stops: ${stops.join(", ")}. There the lowest IoU rises furthest above that of every larger K: the worst cluster was just resolved. `
        : `No K stands out as a stop: the lowest IoU never rises while every cluster stays below ${percent(COLLAPSE_SHARE)} of the pixels. `,
      "Click or drag to set K.",
    ),
    warning,
    stack,
  );

  let scale: KScale = { apply: () => 0, invert: () => state().k };
  const show = (): void => {
    const { k } = state();
    cursor.style.transform = `translateX(${scale.apply(k)}px)`;
    cursor.firstElementChild!.textContent = String(k);
    for (const chart of charts) chart.show(k);
    showInDendrogram(dendrogram, model, scale, k, focusOf(state()));
    const text = warningAt(model, k);
    warning.textContent = text;
    warning.hidden = text === null;
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

  const scrub = (event: PointerEvent): void => {
    const k = scale.invert(event.clientX - stack.getBoundingClientRect().left);
    dispatch({ type: "setK", k });
  };
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stack.setPointerCapture(event.pointerId);
    scrub(event);
  });
  stack.addEventListener("pointermove", (event) => {
    if (stack.hasPointerCapture(event.pointerId)) scrub(event);
    const line = event.target instanceof Element ? event.target.closest<SVGElement>("[data-id]") : null;
    if (!stack.hasPointerCapture(event.pointerId)) {
      const id = line ? model.hierarchy.ownersAt(state().k)[Number(line.dataset.id)] : null;
      dispatch({ type: "hover", id });
    }
  });
  stack.addEventListener("pointerleave", () => dispatch({ type: "hover", id: null }));

  subscribe((now, before) => {
    if (before && (now.k !== before.k || focusOf(now) !== focusOf(before))) show();
  });
}
