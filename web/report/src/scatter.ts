/** The panels of a 2-D experiment: KLiSH beside other methods at the same K, and the truth. */
import type { PointCanvas } from "../../../src/project/report/data.ts";
import { matchIds } from "../../../src/project/report/matching.ts";
import { decodeSeries } from "../../../src/project/report/series.ts";
import { byId, decimals, h } from "./dom.ts";
import { type Model, unpack } from "./model.ts";
import { type Cloud, groupsOf, nearestPoint, paintPoints, paintRegions } from "./pointPaint.ts";
import { focusOf, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { hideTip, showTip } from "./tip.ts";

/** How near the pointer must come to a point, as a fraction of the panel. */
const REACH = 0.05;

/** A panel: its labels as ids at a state, or null where it has none at that K. */
interface Panel {
  readonly name: string;
  readonly note: (state: State) => string;
  readonly ids: (state: State) => Uint16Array | null;
  readonly own: boolean;
}

async function panelsOf(model: Model, points: PointCanvas): Promise<Panel[]> {
  const agreementOf =
    (method: string) =>
    (state: State): string =>
      points.agreement
        .filter((a) => a.method === method)
        .flatMap(({ metric, points: values }) =>
          values.filter(([k]) => k === state.k).map(([, v]) => `${metric} ${decimals(v)}`),
        )
        .join("  ");
  const matched = (labels: Uint16Array, state: State): Uint16Array => {
    const ids = matchIds(labels, model.idsAt(state.k, "merged"), Array.from(model.hierarchy.aliveAt(state.k)));
    return labels.map((label) => ids.get(label)!);
  };
  const panels: Panel[] = [
    { name: "KLiSH", note: agreementOf("KLiSH"), ids: (s) => model.idsAt(s.k, s.mode), own: true },
  ];
  for (const rival of points.panels) {
    const series = decodeSeries(await unpack(rival.labels), points.count, rival.ks.length);
    panels.push({
      name: rival.name,
      note: agreementOf(rival.name),
      own: false,
      ids: (s) => (rival.ks.includes(s.k) ? matched(series.at(rival.ks.indexOf(s.k)), s) : null),
    });
  }
  if (points.truth) {
    const truth = decodeSeries(await unpack(points.truth), points.count, 1).at(0);
    const classes = new Set(truth).size;
    // Colours of the longest-lived clusters; matched to those in sight as soon as there are enough of them.
    const own = truth.map((label) => model.hierarchy.bySurvival[label % model.hierarchy.maxK]);
    panels.push({
      name: "Truth",
      note: () => `${classes} classes`,
      own: false,
      ids: (s) => (s.k >= classes ? matched(truth, s) : own),
    });
  }
  return panels;
}

export async function makeScatter(
  model: Model,
  points: PointCanvas,
  cloud: Cloud,
  { dispatch, state, subscribe }: Store,
): Promise<void> {
  const grid = byId("tiles");
  grid.classList.add("points");
  const views = (await panelsOf(model, points)).map((panel) => {
    const canvas = h("canvas", { role: "img", "aria-label": panel.name });
    const note = h("span", {});
    const empty = h("p", { class: "empty" }, "not computed at this K");
    if (panel.own) {
      const idUnder = (event: MouseEvent): number | null => {
        const box = canvas.getBoundingClientRect();
        const n = nearestPoint(
          cloud,
          (event.clientX - box.left) / box.width,
          (event.clientY - box.top) / box.height,
          REACH,
        );
        return n < 0 ? null : model.idsAt(state().k, state().mode)[n];
      };
      canvas.addEventListener("pointermove", (event) => {
        const id = idUnder(event);
        dispatch({ type: "hover", id });
        if (id === null) hideTip();
        else showTip(model, state(), id, event);
      });
      canvas.addEventListener("pointerleave", () => {
        dispatch({ type: "hover", id: null });
        hideTip();
      });
      canvas.addEventListener("click", (event) => {
        const id = idUnder(event);
        if (id === null) return;
        dispatch({ type: "isolate", id });
        // A tap has no hover: the pointer has left by now.
        if (state().isolated === id) showTip(model, state(), id, event);
        else hideTip();
      });
    }
    const figure = h(
      "figure",
      {},
      h("figcaption", {}, h("b", {}, panel.name), " ", note),
      h("div", { class: "stack" }, canvas, empty),
    );
    return { panel, canvas, note, empty, figure };
  });
  grid.append(...views.map((view) => view.figure));

  const paint = (now: State): void => {
    const focus = focusOf(now);
    for (const { panel, canvas, note, empty } of views) {
      const ids = panel.ids(now);
      note.textContent = panel.note(now);
      empty.hidden = ids !== null;
      const alive = Array.from(model.hierarchy.aliveAt(now.k));
      const region =
        panel.own && now.mode === "argmax" && points.planes
          ? paintRegions(
              cloud,
              model.stepAt(now.k).rows.map((row) => points.planes![row]),
              alive.map((id) => model.rgb[id]),
            )
          : null;
      const shown = panel.own && focus !== null ? [focus] : null;
      paintPoints(canvas, cloud, ids ? groupsOf(ids, model.data.colors, shown) : [], region);
    }
  };
  subscribe((now, before) => {
    if (!before || now.k !== before.k || now.mode !== before.mode || focusOf(now) !== focusOf(before)) paint(now);
  });
  new ResizeObserver(() => paint(state())).observe(grid);
}
