/** The list of clusters at K. */
import { effectiveClusters } from "../../../src/cluster/tree/mergeTree.ts";
import { COLLAPSE_SHARE, maximum } from "../../../src/project/report/stops.ts";
import { byId, decimals, h, percent } from "./dom.ts";
import type { Model } from "./model.ts";
import { focusOf, type Sort } from "./state.ts";
import type { Store } from "./store.ts";
import { swatch } from "./tip.ts";

/** Words for readers of the page's sound, where a column says it to the eye. */
const spoken = (text: string): HTMLElement => h("span", { class: "visually-hidden" }, text);

export function makeClusterList(model: Model, { dispatch, subscribe, state }: Store): void {
  const heading = h("h2", {});
  const columns = (["area", "iou"] as const).map((sort: Sort) =>
    h(
      "button",
      { type: "button", "data-sort": sort, click: () => dispatch({ type: "set", values: { sort } }) },
      sort === "area" ? "Area" : "IoU",
    ),
  );
  const clear = h(
    "button",
    { type: "button", class: "quiet", click: () => dispatch({ type: "isolate", id: state().isolated }) },
    "Show all",
  );
  const list = h("ul", { "aria-label": "Clusters" });
  const hint = h("p", { class: "hint" });
  const warning = h("p", { class: "warning", role: "note" });
  byId("clusters").append(
    h("div", { class: "list-head" }, heading, clear),
    h("div", { class: "list-columns", role: "group", "aria-label": "Sort by" }, ...columns),
    list,
    warning,
    hint,
  );

  const row = (id: number, share: number, iou: number, mark: string): HTMLLIElement => {
    const button = h(
      "button",
      {
        type: "button",
        "data-id": id,
        "aria-pressed": "false",
        click: () => dispatch({ type: "isolate", id }),
        pointerenter: () => dispatch({ type: "hover", id }),
        pointerleave: () => dispatch({ type: "hover", id: null }),
        focus: (event: FocusEvent) => {
          if ((event.target as Element).matches(":focus-visible")) dispatch({ type: "hover", id });
        },
        blur: () => dispatch({ type: "hover", id: null }),
      },
      swatch(model, id),
      h(
        "span",
        { class: "id" },
        spoken("Cluster "),
        `#${id}`,
        mark ? h("i", { title: mark === "p" ? "p: merges next" : "q: absorbs p" }, mark) : null,
        mark ? spoken(mark === "p" ? ", merges next" : ", absorbs it") : null,
      ),
      h("span", { class: "meter", style: `--value:${share};--color:${model.data.colors[id]}` }),
      h("span", { class: "value" }, spoken(", area "), percent(share)),
      h("span", { class: "value" }, spoken(", IoU "), decimals(iou)),
    );
    return h("li", {}, button);
  };

  subscribe((now, before) => {
    if (!before || now.k !== before.k || now.mode !== before.mode || now.sort !== before.sort) {
      // Rebuilding the rows would drop the keyboard's place in the list.
      const held =
        document.activeElement instanceof HTMLElement && list.contains(document.activeElement)
          ? document.activeElement.dataset.id
          : undefined;
      const step = model.stepAt(now.k);
      const shares = model.sharesAt(now.k, now.mode);
      const rows = Array.from(model.hierarchy.aliveAt(now.k), (id, i) => ({
        id,
        i,
        share: shares.get(id) ?? 0,
        iou: step.iou[i],
      }));
      rows.sort((a, b) => (now.sort === "area" ? b.share - a.share : b.iou - a.iou) || a.id - b.id);
      list.replaceChildren(
        ...rows.map(({ id, i, share, iou }) =>
          row(id, share, iou, i === step.removed ? "p" : i === step.kept ? "q" : ""),
        ),
      );
      if (held !== undefined) list.querySelector<HTMLElement>(`[data-id="${held}"]`)?.focus();
      const areas = rows.map(({ share }) => share);
      const [largest, effective] = [maximum(areas), effectiveClusters(areas)];
      const none = rows.filter(({ share }) => share === 0).map(({ id }) => `#${id}`);
      warning.hidden = largest <= COLLAPSE_SHARE;
      warning.textContent = `One cluster holds ${percent(largest)}: these ${now.k} are worth ${effective.toFixed(1)} equal ones.`;
      heading.textContent = `${now.k} clusters`;
      for (const column of columns) column.setAttribute("aria-pressed", String(column.dataset.sort === now.sort));
      hint.textContent =
        (now.mode === "merged"
          ? "Area: share of everything that was clustered. "
          : "Area: share of what is shown here. ") +
        (none.length === 0
          ? ""
          : now.mode === "merged"
            ? `${none.join(", ")}: no pixel started there. `
            : `${none.join(", ")}: no pixel of these pictures scores highest there. `) +
        (step.removed < 0 ? "" : "p merges next, into q.");
    }
    clear.hidden = now.isolated === null;
    const focus = focusOf(now);
    for (const button of list.querySelectorAll<HTMLElement>("[data-id]")) {
      const id = Number(button.dataset.id);
      button.setAttribute("aria-pressed", String(id === now.isolated));
      button.classList.toggle("in-focus", id === focus);
    }
    // A cluster pointed at in a picture comes into sight in the list, without moving the page.
    const shown =
      focus === null || focus === (before && focusOf(before))
        ? null
        : list.querySelector<HTMLElement>(`[data-id="${focus}"]`);
    if (shown && !list.matches(":hover") && list.scrollHeight > list.clientHeight)
      list.scrollTop = shown.offsetTop - list.offsetTop - list.clientHeight / 2;
  });
}
