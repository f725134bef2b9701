/** The sample pictures with their parts over them. */
import type { ImageCanvas } from "../../../src/project/report/data.ts";
import { byId, h } from "./dom.ts";
import type { Model } from "./model.ts";
import { paintLabels } from "./paint.ts";
import { focusOf, type State } from "./state.ts";
import type { Store } from "./store.ts";
import { hideTip, showTip } from "./tip.ts";

export function makeTiles(model: Model, images: ImageCanvas, { dispatch, state, subscribe }: Store): void {
  const { resolution } = images;
  const pixelAt = (canvas: HTMLCanvasElement, event: MouseEvent): number => {
    const box = canvas.getBoundingClientRect();
    const cell = (x: number, size: number): number =>
      Math.min(resolution - 1, Math.max(0, Math.floor((x / size) * resolution)));
    return cell(event.clientY - box.top, box.height) * resolution + cell(event.clientX - box.left, box.width);
  };
  const tiles = images.sources.map((source, s) => {
    const idUnder = (event: MouseEvent): number =>
      model.idsAt(state().k, state().mode)[s * model.pixels + pixelAt(canvas, event)];
    const canvas = h("canvas", {
      role: "img",
      "aria-label": `Parts of ${images.captions[s]}`,
      pointermove: (event: PointerEvent) => {
        const id = idUnder(event);
        dispatch({ type: "hover", id });
        showTip(model, state(), id, event);
      },
      pointerleave: () => {
        dispatch({ type: "hover", id: null });
        hideTip();
      },
      click: (event: MouseEvent) => {
        const id = idUnder(event);
        dispatch({ type: "isolate", id });
        // A tap has no hover: the pointer has left by now.
        if (state().isolated === id) showTip(model, state(), id, event);
        else hideTip();
      },
    });
    const picture = h("img", {
      src: source,
      alt: images.captions[s],
      width: images.width,
      height: images.height,
      draggable: "false",
    });
    return {
      canvas,
      picture,
      figure: h("figure", {}, h("div", { class: "stack" }, picture, canvas), h("figcaption", {}, images.captions[s])),
    };
  });
  const grid = byId("tiles");
  grid.classList.add("images");
  if (Math.max(images.width, images.height) <= 128) grid.classList.add("pixelated");
  grid.append(...tiles.map((tile) => tile.figure));

  const sameLook = (a: State, b: State): boolean =>
    a.k === b.k &&
    a.mode === b.mode &&
    a.view === b.view &&
    a.opacity === b.opacity &&
    a.outline === b.outline &&
    focusOf(a) === focusOf(b);
  subscribe((now, before) => {
    if (before && sameLook(now, before)) return;
    const focus = focusOf(now);
    const ids = model.idsAt(now.k, now.mode);
    grid.dataset.view = now.view;
    tiles.forEach(({ canvas }, s) => {
      paintLabels(canvas, ids, s * model.pixels, resolution, {
        rgb: model.rgb,
        // Pictures alone still answer the pointer: the cluster in focus shows through.
        opacity: now.view === "parts" ? 1 : now.view === "overlay" ? now.opacity : focus === null ? 0 : now.opacity,
        focus: focus === null ? null : [focus],
        outline: now.outline,
      });
      if (now.k !== before?.k || now.mode !== before.mode) {
        const present = new Set(ids.subarray(s * model.pixels, (s + 1) * model.pixels)).size;
        canvas.setAttribute("aria-label", `${images.captions[s]}: ${present} of ${now.k} parts in sight`);
      }
    });
  });
}
