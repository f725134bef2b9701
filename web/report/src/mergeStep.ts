/** One merge, as in the paper's Fig. 6: the cluster p, its partner q, their confidence maps, the labels before and after. */
import { byId, decimals, h } from "./dom.ts";
import type { Model } from "./model.ts";
import { confidenceColor, paintConfidence, paintLabels } from "./paint.ts";
import { type Cloud, groupsOf, type PointGroup, paintPoints } from "./pointPaint.ts";
import type { State } from "./state.ts";
import type { Store } from "./store.ts";
import { nameOf } from "./tip.ts";

/** Columns of samples. */
const SHOWN = 6;

/** K has come to rest after so many milliseconds. */
const REST = 300;

/** Steps in which a scatter plot shows confidence. */
const LEVELS = 12;

/** Samples, among those with confidence maps, that hold most of p and q at K. */
function telling(model: Model, ids: Uint16Array, p: number, q: number): number[] {
  const counts = Array.from({ length: model.data.confidence.samples }, (_, s) => {
    let ofP = 0;
    let ofQ = 0;
    for (let n = s * model.pixels; n < (s + 1) * model.pixels; n++) {
      if (ids[n] === p) ofP++;
      else if (ids[n] === q) ofQ++;
    }
    // p is usually the smaller, and the one to look at.
    return { s, weight: 4 * ofP + ofQ };
  });
  return counts
    .sort((a, b) => b.weight - a.weight || a.s - b.s)
    .slice(0, SHOWN)
    .map(({ s }) => s)
    .sort((a, b) => a - b);
}

function explain(model: Model, k: number, p: number, q: number): (Node | string)[] {
  const step = model.stepAt(k);
  const rest = [
    "The union keeps the name of ",
    nameOf(model, q),
    " and gets one new SVM; the others stay as they are.",
  ];
  return model.data.criterion === "paper"
    ? [
        "Of the ",
        String(k),
        " clusters, ",
        nameOf(model, p),
        ` has the lowest IoU, ${decimals(step.iou[step.removed])}. Its confidence overlaps most with `,
        nameOf(model, q),
        ` (ECoS ${decimals(step.score)}). `,
        ...rest,
      ]
    : [
        nameOf(model, p),
        " and ",
        nameOf(model, q),
        ` overlap most of all pairs (S = ${decimals(step.score)}, balance ${model.data.balance}); the smaller joins the larger. `,
        ...rest,
      ];
}

export function makeMergeStep(model: Model, cloud: Cloud | null, { dispatch, subscribe, state }: Store): void {
  const { canvas: form } = model.data;
  const { minK, maxK } = model.hierarchy;
  const title = h("h2", { id: "merge-title" });
  const earlier = h("button", { type: "button", click: () => dispatch({ type: "stepK", by: 1 }) }, "← Merge before");
  const later = h("button", { type: "button", click: () => dispatch({ type: "stepK", by: -1 }) }, "Next merge →");
  const text = h("p", { class: "lead" });
  const board = h("div", { class: "board" });
  byId("merge").append(
    h("div", { class: "list-head" }, title, h("div", { class: "pager" }, earlier, later)),
    text,
    h("div", { class: "board-frame", tabindex: 0, role: "group", "aria-label": "The merge on sample images" }, board),
  );

  const rowsOf = (p: number, q: number) =>
    [
      { key: "before", label: [h("span", {}, "Before")], color: null },
      { key: "p", label: [nameOf(model, p), h("span", {}, h("i", {}, "v"), h("sub", {}, "p"))], color: p },
      { key: "q", label: [nameOf(model, q), h("span", {}, h("i", {}, "v"), h("sub", {}, "q"))], color: q },
      { key: "after", label: [h("span", {}, "After")], color: null },
    ] as const;
  const ramp = (id: number): HTMLElement => {
    const [from, to] = [0, 1].map((v) => `rgb(${confidenceColor(model.rgb[id], v).join(" ")})`);
    return h("span", {
      class: "ramp",
      style: `background:linear-gradient(90deg,${from},${to})`,
      title: "confidence from 0 to 1",
    });
  };

  const drawImages = (k: number, mode: State["mode"], p: number, q: number, vp: Uint8Array, vq: Uint8Array): void => {
    if (form.kind !== "images") return;
    const before = model.idsAt(k, mode);
    const after = model.idsAt(k - 1, mode);
    const shown = telling(model, before, p, q);
    board.style.setProperty("--columns", String(shown.length));
    const look = { rgb: model.rgb, opacity: 0.85, outline: false };
    const cells: HTMLElement[] = [];
    for (const { key, label, color } of rowsOf(p, q)) {
      cells.push(h("div", { class: "row-label" }, ...label, color === null ? null : ramp(color)));
      for (const s of shown) {
        const canvas = h("canvas", { role: "img", "aria-label": `${form.captions[s]}: ${key}` });
        const offset = s * model.pixels;
        if (key === "p") paintConfidence(canvas, vp, offset, form.resolution, model.rgb[p]);
        else if (key === "q") paintConfidence(canvas, vq, offset, form.resolution, model.rgb[q]);
        else
          paintLabels(canvas, key === "before" ? before : after, offset, form.resolution, {
            ...look,
            focus: key === "before" ? [p, q] : [q],
          });
        const picture = key === "before" || key === "after" ? h("img", { src: form.sources[s], alt: "" }) : null;
        cells.push(h("div", { class: "stack" }, picture, canvas));
      }
    }
    board.replaceChildren(...cells);
  };

  const drawPoints = (k: number, mode: State["mode"], p: number, q: number, vp: Uint8Array, vq: Uint8Array): void => {
    if (!cloud) return;
    const unsure = getComputedStyle(board).color;
    const confident = (map: Uint8Array, id: number): PointGroup[] => {
      const groups = Array.from({ length: LEVELS }, (_, level) => ({
        color: level === 0 ? unsure : `rgb(${model.rgb[id].join(" ")})`,
        alpha: level === 0 ? 0.1 : 0.15 + (0.85 * level) / (LEVELS - 1),
        points: [] as number[],
      }));
      map.forEach((v, n) => {
        groups[Math.round((v / 255) * (LEVELS - 1))].points.push(n);
      });
      return groups;
    };
    const { colors } = model.data;
    const content = {
      before: groupsOf(model.idsAt(k, mode), colors, [p, q]),
      p: confident(vp, p),
      q: confident(vq, q),
      after: groupsOf(model.idsAt(k - 1, mode), colors, [q]),
    };
    const cells = rowsOf(p, q).map(({ key, label, color }) => {
      const canvas = h("canvas", { role: "img", "aria-label": key });
      return {
        key,
        canvas,
        figure: h(
          "figure",
          {},
          h("div", { class: "row-label" }, ...label, color === null ? null : ramp(color)),
          h("div", { class: "stack" }, canvas),
        ),
      };
    });
    board.classList.add("points");
    board.replaceChildren(...cells.map((cell) => cell.figure));
    for (const { key, canvas } of cells) paintPoints(canvas, cloud, content[key]);
  };

  /** The clusters that merge at `k`; null at the end. */
  const pairAt = (k: number): readonly [p: number, q: number] | null => {
    const { removed, kept } = model.stepAt(k);
    const alive = model.hierarchy.aliveAt(k);
    return removed < 0 ? null : [alive[removed], alive[kept]];
  };
  const say = (k: number): void => {
    const pair = pairAt(k);
    earlier.disabled = k === maxK;
    later.disabled = k === minK;
    title.replaceChildren(
      ...(pair ? ["The merge from ", h("i", {}, "K"), ` = ${k} to ${k - 1}`] : ["The merges end here"]),
    );
    text.replaceChildren(...(pair ? explain(model, k, ...pair) : [`${minK} clusters are left.`]));
  };
  const draw = async (k: number, mode: State["mode"]): Promise<void> => {
    const step = model.stepAt(k);
    const pair = pairAt(k);
    if (pair === null) {
      board.replaceChildren();
      return;
    }
    const [p, q] = pair;
    const [vp, vq] = await Promise.all([
      model.confidence(step.rows[step.removed]),
      model.confidence(step.rows[step.kept]),
    ]);
    if (!vp || !vq) throw new Error(`the report lacks the confidence maps of the merge at K = ${k}`);
    // Inflating takes a moment; by then the reader may be elsewhere.
    if (state().k !== k || state().mode !== mode) return;
    if (form.kind === "images") drawImages(k, mode, p, q, vp, vq);
    else drawPoints(k, mode, p, q, vp, vq);
  };

  // While the section is out of sight, its canvases follow when K has come to rest: a print shows the whole page.
  let visible = false;
  let stale = true;
  let resting: ReturnType<typeof setTimeout> | undefined;
  const refresh = (): void => {
    clearTimeout(resting);
    if (!stale) return;
    if (!visible) {
      resting = setTimeout(redraw, REST);
      return;
    }
    redraw();
  };
  const redraw = (): void => {
    const { k, mode } = state();
    stale = false;
    void draw(k, mode);
  };
  new IntersectionObserver(
    ([entry]) => {
      visible = entry.isIntersecting;
      refresh();
    },
    { rootMargin: "200px" },
  ).observe(byId("merge"));
  subscribe((now, before) => {
    if (before && now.k === before.k && now.mode === before.mode) return;
    if (now.k !== before?.k) say(now.k);
    stale = true;
    refresh();
  });
  addEventListener("resize", () => {
    if (form.kind !== "points") return;
    stale = true;
    refresh();
  });
}
