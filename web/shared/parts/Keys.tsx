/** What happens without anything to be seen: keys, play, what readers of the page's sound are told, and the page's address. */
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { decimals, percent } from "../format.ts";
import { useCalled, useChosen, useFrame, useParts } from "./context.tsx";
import { fragmentOf } from "./fragment.ts";

/** A whole play-through takes about this long, in milliseconds, but a step no less and no more than these. */
const PLAY_TIME = 12_000;
const LEAST_STEP = 90;
const MOST_STEP = 700;

/** K has come to rest after so many milliseconds. */
const REST = 600;
const ADDRESS_REST = 250;

/** Arrow keys, space, brackets and Escape, wherever the focus is not on a control that needs them itself. */
export function Keys() {
  const { store } = useParts();
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    const { isolated, hovered, playing, picture } = store.getState();
    if (event.key === "Escape" && (isolated !== null || hovered !== null)) {
      store.dispatch({ type: "only", id: null });
      if (target?.matches(".name-field")) target.blur();
    }
    if (target?.closest("input, textarea, select, summary, dialog, [role=menu], .board-frame, pre")) return;
    if (event.key === "ArrowLeft") store.dispatch({ type: "stepK", by: -1 });
    else if (event.key === "ArrowRight") store.dispatch({ type: "stepK", by: 1 });
    else if (event.key === "[") store.dispatch({ type: "picture", index: picture - 1 });
    else if (event.key === "]") store.dispatch({ type: "picture", index: picture + 1 });
    else if (event.key === " " && !target?.closest("button, a")) store.dispatch({ type: playing ? "pause" : "play" });
    else return;
    event.preventDefault();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKey(event);
    addEventListener("keydown", listener);
    return () => removeEventListener("keydown", listener);
  }, []);
  return null;
}

/** Steps through the merges while they play. */
export function Ticks() {
  const { model, store } = useParts();
  const playing = useChosen((state) => state.playing);
  const { minK, maxK } = model.hierarchy;
  useEffect(() => {
    if (!playing) return;
    const delay = Math.min(MOST_STEP, Math.max(LEAST_STEP, PLAY_TIME / (maxK - minK + 1)));
    const timer = setInterval(() => store.dispatch({ type: "tick" }), delay);
    return () => clearInterval(timer);
  }, [playing, store, minK, maxK]);
  return null;
}

/** Tells screen readers what changed, once K has come to rest, and at once what the crosshair is on. */
export function Announcement() {
  const { model } = useParts();
  const { names } = useCalled();
  const k = useChosen((state) => state.k);
  const mode = useChosen((state) => state.mode);
  const pointed = useChosen((state) => (state.place?.byKeys ? state.hovered : null));
  const [rested, setRested] = useState("");
  const resting = useRef(0);
  useFrame(
    (now, before) => {
      if (before === null || now.k === before.k) return;
      clearTimeout(resting.current);
      const text = `${now.k} clusters, lowest IoU ${decimals(model.figuresAt(now.k).minIou)}`;
      resting.current = setTimeout(() => setRested(text), REST);
    },
    [model],
  );
  const text =
    pointed === null
      ? rested
      : `${names.get(pointed) ?? `cluster ${pointed}`}, ${percent(model.sharesAt(k, mode).get(pointed) ?? 0)}`;
  return (
    <div id="announcement" className="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}

/** Keeps K, the part and the picture in the page's address, so that it can be sent to others. */
export function Address() {
  const { store } = useParts();
  const resting = useRef(0);
  useFrame((now, before) => {
    if (before === null || (now.k === before.k && now.isolated === before.isolated && now.picture === before.picture))
      return;
    clearTimeout(resting.current);
    // Browsers allow an address only so many changes a second.
    resting.current = setTimeout(
      () => history.replaceState(history.state, "", fragmentOf(store.getState(), location.hash)),
      ADDRESS_REST,
    );
  }, []);
  return null;
}
