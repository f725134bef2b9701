/** The bar that stays in sight: K, play, labels, view, and the figures of the moment. */
import { effectiveClusters } from "../../../src/cluster/tree/mergeTree.ts";
import { maximum } from "../../../src/project/report/stops.ts";
import { byId, decimals, h, percent } from "./dom.ts";
import { kAtSlider, sliderAt } from "./kAxis.ts";
import type { Model } from "./model.ts";
import type { Mode, State, View } from "./state.ts";
import type { Store } from "./store.ts";

const MODES: readonly (readonly [Mode, string, string])[] = [
  ["argmax", "SVM", "The highest of the K classifiers' scores at each pixel: exact, at every K"],
  ["merged", "Merged", "The start clusters, merged by look-up: what the classifiers were trained on"],
];
const VIEWS: readonly (readonly [View, string, string])[] = [
  ["image", "Image", "Pictures alone"],
  ["overlay", "Overlay", "Parts over pictures"],
  ["parts", "Parts", "Parts alone"],
];

/** A row of buttons of which one is pressed. */
function segmented<V extends string>(
  label: string,
  options: readonly (readonly [V, string, string])[],
  choose: (value: V) => void,
) {
  const buttons = options.map(([value, text, title]) =>
    h("button", { type: "button", title, click: () => choose(value) }, text),
  );
  return {
    element: h("div", { class: "segmented", role: "group", "aria-label": label }, ...buttons),
    show: (value: V) => {
      for (const [i, button] of buttons.entries()) button.setAttribute("aria-pressed", String(options[i][0] === value));
    },
  };
}

export function makeBar(model: Model, { dispatch, state, subscribe }: Store): void {
  const { minK, maxK } = model.hierarchy;
  /** K after a key, as sliders answer keys, but in steps of one cluster; the reducer keeps it within the tree. */
  const keyTarget = (key: string, k: number): number | null => {
    const targets: Readonly<Record<string, number>> = {
      ArrowLeft: k - 1,
      ArrowDown: k - 1,
      ArrowRight: k + 1,
      ArrowUp: k + 1,
      PageDown: k - 10,
      PageUp: k + 10,
      Home: minK,
      End: maxK,
    };
    return targets[key] ?? null;
  };
  const number = h("output", { class: "k-number", for: "k" });
  const slider = h("input", {
    id: "k",
    type: "range",
    min: 0,
    max: 1,
    step: "any",
    "aria-label": "Number of clusters K",
    input: () => dispatch({ type: "setK", k: kAtSlider(model.hierarchy, slider.valueAsNumber) }),
    keydown: (event: KeyboardEvent) => {
      const k = keyTarget(event.key, state().k);
      if (k === null) return;
      event.preventDefault();
      dispatch({ type: "setK", k });
    },
  });
  const play = h("button", {
    type: "button",
    class: "round",
    click: () => dispatch({ type: state().playing ? "pause" : "play" }),
  });
  const step = (by: number, text: string, label: string) =>
    h(
      "button",
      {
        type: "button",
        class: "round",
        "aria-label": label,
        title: label,
        click: () => dispatch({ type: "stepK", by }),
      },
      text,
    );
  const fewer = step(-1, "−", "One cluster fewer");
  const more = step(1, "+", "One cluster more");
  const stops = h(
    "div",
    { class: "stops" },
    ...model.data.stops
      .toSorted((a, b) => a - b)
      .map((k) =>
        h(
          "button",
          {
            type: "button",
            style: `--at:${sliderAt(model.hierarchy, k)}`,
            title: `Suggested stop: K = ${k}`,
            "aria-label": `Suggested stop, K = ${k}`,
            click: () => dispatch({ type: "setK", k }),
          },
          String(k),
        ),
      ),
  );

  const images = model.data.canvas.kind === "images";
  const modes = segmented("Labels", MODES, (mode) => dispatch({ type: "set", values: { mode } }));
  const views = segmented("View", VIEWS, (view) => dispatch({ type: "set", values: { view } }));
  const opacity = h("input", {
    id: "opacity",
    type: "range",
    min: 0,
    max: 1,
    step: 0.05,
    input: () => dispatch({ type: "set", values: { opacity: opacity.valueAsNumber, view: "overlay" } }),
  });
  const outline = h("input", {
    type: "checkbox",
    change: () => dispatch({ type: "set", values: { outline: outline.checked } }),
  });
  const figures = h("p", { class: "figures" });

  byId("bar").append(
    h(
      "div",
      { class: "bar-inner" },
      h(
        "div",
        { class: "k-row" },
        play,
        h("span", { class: "k-label" }, h("i", {}, "K"), " = ", number),
        fewer,
        h("div", { class: "k-slider" }, slider, stops),
        more,
      ),
      h(
        "div",
        { class: "view-row" },
        modes.element,
        images && views.element,
        images && h("label", { class: "opacity", for: "opacity" }, "Opacity", opacity),
        images && h("label", { class: "outline" }, outline, "Outlines"),
        figures,
      ),
    ),
  );

  subscribe((now: State, before) => {
    const { minIou, explained } = model.figuresAt(now.k);
    if (now.k !== before?.k || now.mode !== before.mode) {
      // As in the list beside: of what is shown, or of everything that was clustered.
      const shares = [...model.sharesAt(now.k, now.mode).values()];
      const [largest, effective] = [maximum(shares), effectiveClusters(shares)];
      number.textContent = String(now.k);
      slider.value = String(sliderAt(model.hierarchy, now.k));
      slider.style.setProperty("--at", slider.value);
      slider.setAttribute(
        "aria-valuetext",
        `${now.k} clusters, lowest IoU ${decimals(minIou)}, largest ${percent(largest)}`,
      );
      fewer.disabled = now.k === minK;
      more.disabled = now.k === maxK;
      figures.replaceChildren(
        h("span", {}, "lowest IoU ", h("b", {}, decimals(minIou))),
        h("span", { title: "its share of the area, as in the list" }, "largest cluster ", h("b", {}, percent(largest))),
        h(
          "span",
          { title: "exp of the entropy of the areas: how many equal clusters would be as diverse" },
          "effective clusters ",
          h("b", {}, effective.toFixed(1)),
        ),
        ...(explained === null
          ? []
          : [
              h(
                "span",
                { title: "variance of the features that lies between the clusters, relative to K-means at the same K" },
                "R2rel ",
                h("b", {}, decimals(explained.r2rel)),
              ),
            ]),
      );
    }
    play.textContent = now.playing ? "❚❚" : "▶";
    play.setAttribute("aria-label", now.playing ? "Pause" : "Play the merges");
    play.title = now.playing ? "Pause (space)" : "Play the merges (space)";
    modes.show(now.mode);
    views.show(now.view);
    opacity.value = String(now.opacity);
    outline.checked = now.outline;
  });
}
