/** Opens the report that is embedded in the page. */
import type { ReportData } from "../../../src/project/report/data.ts";
import { makeBar } from "./bar.ts";
import { makeClusterList } from "./clusters.ts";
import { byId, decimals, h } from "./dom.ts";
import { makeMasthead, makeRun } from "./masthead.ts";
import { makeMergeStep } from "./mergeStep.ts";
import { type Model, openModel } from "./model.ts";
import { makeOverK } from "./overK.ts";
import { openCloud } from "./pointPaint.ts";
import { makeScatter } from "./scatter.ts";
import { initialState } from "./state.ts";
import { makeStore, type Store } from "./store.ts";
import { makeTiles } from "./tiles.ts";
import { hideTip } from "./tip.ts";

/** A whole play-through takes about this long, in milliseconds, but a step no less and no more than these. */
const PLAY_TIME = 12_000;
const LEAST_STEP = 90;
const MOST_STEP = 700;

/** Arrow keys, space and Escape, wherever the focus is not on a control that needs them itself. */
function listenToKeys({ dispatch, state }: Store): void {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (event.key === "Escape" && state().isolated !== null) dispatch({ type: "isolate", id: state().isolated });
    if (target?.closest("input, textarea, select, summary, .board-frame, pre")) return;
    if (event.key === "ArrowLeft") dispatch({ type: "stepK", by: -1 });
    else if (event.key === "ArrowRight") dispatch({ type: "stepK", by: 1 });
    else if (event.key === " " && !target?.closest("button, a")) dispatch({ type: state().playing ? "pause" : "play" });
    else return;
    event.preventDefault();
  });
}

function playOnTicks({ dispatch, subscribe }: Store, { hierarchy: { minK, maxK } }: Model): void {
  const delay = Math.min(MOST_STEP, Math.max(LEAST_STEP, PLAY_TIME / (maxK - minK + 1)));
  let timer = 0;
  subscribe((now, before) => {
    if (now.playing === (before?.playing ?? false)) return;
    clearInterval(timer);
    if (now.playing) timer = setInterval(() => dispatch({ type: "tick" }), delay);
  });
}

/** Tells screen readers what changed, once K has come to rest. */
function announce({ subscribe, state }: Store, model: Model): void {
  let timer = 0;
  subscribe((now, before) => {
    if (!before || now.k === before.k) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const { k } = state();
      byId("announcement").textContent = `${k} clusters, lowest IoU ${decimals(model.figuresAt(k).minIou)}`;
    }, 600);
  });
}

async function open(): Promise<void> {
  const data: ReportData = JSON.parse(byId("report-data").textContent);
  const model = await openModel(data);
  const store = makeStore(initialState(data.openAt), model.hierarchy);
  makeMasthead(model);
  makeBar(model, store);
  if (data.canvas.kind === "images") {
    makeTiles(model, data.canvas, store);
    makeMergeStep(model, null, store);
  } else {
    const cloud = await openCloud(data.canvas);
    await makeScatter(model, data.canvas, cloud, store);
    makeMergeStep(model, cloud, store);
  }
  makeClusterList(model, store);
  makeOverK(model, store);
  makeRun(model);
  listenToKeys(store);
  playOnTicks(store, model);
  announce(store, model);
  addEventListener("scroll", hideTip, { passive: true });
  document.documentElement.dataset.ready = "true";
}

open().catch((error: unknown) => {
  byId("masthead").append(
    h(
      "p",
      { class: "warning", role: "alert" },
      `This report cannot be shown: ${error instanceof Error ? error.message : String(error)}`,
    ),
  );
  throw error;
});
