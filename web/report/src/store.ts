/** Holds the state, passes actions through the reducer, and tells the parts of the page once per animation frame. */
import { type Action, type Range, reduce, type State } from "./state.ts";

export interface Store {
  state(): State;
  dispatch(action: Action): void;
  /** `update` gets the new state and the one it showed last (null at first), and is called at once. */
  subscribe(update: (state: State, before: State | null) => void): void;
}

export function makeStore(initial: State, range: Range): Store {
  let state = initial;
  let shown = initial;
  let pending = false;
  const listeners: ((state: State, before: State | null) => void)[] = [];
  const flush = (): void => {
    pending = false;
    const before = shown;
    shown = state;
    if (before !== shown) for (const listener of listeners) listener(shown, before);
  };
  return {
    state: () => state,
    dispatch(action) {
      state = reduce(state, action, range);
      if (pending || state === shown) return;
      pending = true;
      requestAnimationFrame(flush);
    },
    subscribe(update) {
      listeners.push(update);
      update(shown, null);
    },
  };
}
