/** Holds what the reader has chosen. React's components select from it; canvases and plots follow once per animation frame. */
import { createStore, type StoreApi } from "zustand/vanilla";
import { type Action, type Range, reduce, type State } from "./state.ts";

/** Gets the new state and the one that it drew last, null at first. */
export type Draw = (now: State, before: State | null) => void;

export interface PartsStore extends Pick<StoreApi<State>, "getState" | "getInitialState" | "subscribe"> {
  dispatch(action: Action): void;
  /** Draws now, and once in each frame in which the state changed. Returns what ends that. */
  onFrame(draw: Draw): () => void;
}

export function makePartsStore(initial: State, range: Range): PartsStore {
  const store = createStore<State>(() => initial);
  const drawn = new Map<Draw, State>();
  let frame = 0;
  const flush = (): void => {
    frame = 0;
    const now = store.getState();
    for (const [draw, before] of drawn) {
      if (before === now) continue;
      drawn.set(draw, now);
      draw(now, before);
    }
  };
  store.subscribe(() => {
    if (frame === 0) frame = requestAnimationFrame(flush);
  });
  return {
    getState: store.getState,
    getInitialState: store.getInitialState,
    subscribe: store.subscribe,
    dispatch: (action) => store.setState(reduce(store.getState(), action, range), true),
    onFrame(draw) {
      drawn.set(draw, store.getState());
      draw(store.getState(), null);
      return () => drawn.delete(draw);
    },
  };
}
