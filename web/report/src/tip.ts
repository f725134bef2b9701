/** The small label beside the pointer that names a cluster. */
import { byId, decimals, h, percent } from "./dom.ts";
import type { Model } from "./model.ts";
import type { State } from "./state.ts";

/** Room between the pointer and the label, in CSS pixels. */
const GAP = 14;

export function swatch(model: Model, id: number): HTMLElement {
  return h("span", { class: "swatch", style: `--color:${model.data.colors[id]}`, "aria-hidden": "true" });
}

/** "#12" with its colour. */
export const nameOf = (model: Model, id: number): HTMLElement =>
  h("span", { class: "name" }, swatch(model, id), `#${id}`);

export function showTip(model: Model, state: State, id: number, event: MouseEvent): void {
  const tip = byId("tip");
  const index = model.hierarchy.aliveAt(state.k).indexOf(id);
  const share = model.sharesAt(state.k, state.mode).get(id) ?? 0;
  tip.replaceChildren(nameOf(model, id), ` ${percent(share)} · IoU ${decimals(model.stepAt(state.k).iou[index])}`);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const x =
    event.clientX + GAP + width > document.documentElement.clientWidth
      ? event.clientX - GAP - width
      : event.clientX + GAP;
  const y = event.clientY + GAP + height > innerHeight ? event.clientY - GAP - height : event.clientY + GAP;
  tip.style.transform = `translate(${Math.max(0, Math.round(x))}px, ${Math.max(0, Math.round(y))}px)`;
}

export function hideTip(): void {
  byId("tip").hidden = true;
}
