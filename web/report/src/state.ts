/** What the reader has chosen, and how each action changes it. No DOM here. */
import type { Hierarchy } from "../../../src/cluster/tree/hierarchy.ts";

/** "merged": start labels merged by look-up. "argmax": the highest of the K scores at each pixel. */
export type Mode = "merged" | "argmax";
export type View = "image" | "overlay" | "parts";
export type Sort = "area" | "iou";

export interface State {
  readonly k: number;
  readonly mode: Mode;
  readonly view: View;
  /** Of the parts over the image, in [0, 1]. */
  readonly opacity: number;
  readonly outline: boolean;
  readonly sort: Sort;
  readonly playing: boolean;
  /** Id under the pointer or the keyboard focus, or null. */
  readonly hovered: number | null;
  /** Id that the reader isolated, or null. It follows its cluster through merges. */
  readonly isolated: number | null;
}

export type Action =
  | { readonly type: "setK"; readonly k: number }
  | { readonly type: "stepK"; readonly by: number }
  | { readonly type: "play" }
  | { readonly type: "pause" }
  | { readonly type: "tick" }
  | { readonly type: "hover"; readonly id: number | null }
  | { readonly type: "isolate"; readonly id: number | null }
  | { readonly type: "set"; readonly values: Partial<Pick<State, "mode" | "view" | "opacity" | "outline" | "sort">> };

/** What the reducer needs to know of the tree. */
export type Range = Pick<Hierarchy, "minK" | "maxK" | "ownersAt">;

export function initialState(k: number): State {
  return {
    k,
    mode: "argmax",
    view: "overlay",
    opacity: 0.6,
    outline: false,
    sort: "area",
    playing: false,
    hovered: null,
    isolated: null,
  };
}

/** The same state at another K: within range, with the isolated cluster followed to its owner there. */
function atK(state: State, wanted: number, range: Range): State {
  const k = Math.min(range.maxK, Math.max(range.minK, Math.round(wanted)));
  if (k === state.k) return state;
  const owners = range.ownersAt(k);
  const follow = (id: number | null): number | null => (id === null ? null : owners[id]);
  return { ...state, k, hovered: follow(state.hovered), isolated: follow(state.isolated) };
}

/** Playing merges: K falls by one a tick and stops at the end; from the end it starts over. */
export function reduce(state: State, action: Action, range: Range): State {
  switch (action.type) {
    case "setK":
      return { ...atK(state, action.k, range), playing: false };
    case "stepK":
      return { ...atK(state, state.k + action.by, range), playing: false };
    case "play":
      return { ...(state.k === range.minK ? atK(state, range.maxK, range) : state), playing: true };
    case "pause":
      return { ...state, playing: false };
    case "tick": {
      if (!state.playing) return state;
      const next = atK(state, state.k - 1, range);
      return next.k === range.minK ? { ...next, playing: false } : next;
    }
    case "hover":
      return action.id === state.hovered ? state : { ...state, hovered: action.id };
    case "isolate":
      return { ...state, isolated: action.id === state.isolated ? null : action.id };
    case "set":
      return { ...state, ...action.values };
  }
}

/** The cluster to show alone: what is pointed at, else what was isolated. */
export const focusOf = (state: State): number | null => state.hovered ?? state.isolated;
