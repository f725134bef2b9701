/** What the reader has chosen, and how each action changes it. No DOM here. */
import type { Hierarchy } from "../../../src/cluster/tree/hierarchy.ts";

/** "merged": start labels merged by look-up. "argmax": the highest of the K scores at each pixel. */
export type Mode = "merged" | "argmax";
export type View = "image" | "overlay" | "parts";
export type Sort = "area" | "iou";
/** One large picture with a film strip, or all pictures beside each other. */
export type Layout = "one" | "all";

/** Where in the window the reader points, in CSS pixels, and whether by keys. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly byKeys?: boolean;
}

export interface State {
  readonly k: number;
  readonly mode: Mode;
  readonly view: View;
  /** Of the parts over the image, in [0, 1]. */
  readonly opacity: number;
  readonly outline: boolean;
  readonly sort: Sort;
  readonly layout: Layout;
  /** Index of the large picture. */
  readonly picture: number;
  /** Whether figures are shown, with what they mean. */
  readonly details: boolean;
  readonly playing: boolean;
  /** Id under the pointer or the keyboard focus, or null. */
  readonly hovered: number | null;
  /** Where the label that names the hovered cluster goes; null for none. */
  readonly place: Place | null;
  /** Id that the reader isolated, or null. It follows its cluster through merges. */
  readonly isolated: number | null;
}

/** What the reader chooses without further ado. */
export type Choices = Pick<State, "mode" | "view" | "opacity" | "outline" | "sort" | "layout" | "details">;

export type Action =
  | { readonly type: "setK"; readonly k: number }
  | { readonly type: "stepK"; readonly by: number }
  | { readonly type: "play" }
  | { readonly type: "pause" }
  | { readonly type: "tick" }
  | { readonly type: "hover"; readonly id: number | null; readonly place?: Place }
  /** A second time releases it. */
  | { readonly type: "isolate"; readonly id: number; readonly place?: Place }
  /** Shows this cluster alone; null: all. */
  | { readonly type: "only"; readonly id: number | null }
  | { readonly type: "picture"; readonly index: number }
  | { readonly type: "set"; readonly values: Partial<Choices> };

/** What the reducer needs to know of the tree and the pictures. */
export interface Range extends Pick<Hierarchy, "minK" | "maxK" | "ownersAt"> {
  readonly pictures: number;
}

export function initialState(k: number): State {
  return {
    k,
    mode: "argmax",
    view: "overlay",
    opacity: 0.5,
    outline: true,
    sort: "area",
    layout: "one",
    picture: 0,
    details: false,
    playing: false,
    hovered: null,
    place: null,
    isolated: null,
  };
}

const clamp = (x: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(x)));

/** The same state at another K: within range, with the isolated cluster followed to its owner there. */
function atK(state: State, wanted: number, range: Range): State {
  const k = clamp(wanted, range.minK, range.maxK);
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
    case "hover": {
      const place = (action.id !== null && action.place) || null;
      return action.id === state.hovered && place === state.place ? state : { ...state, hovered: action.id, place };
    }
    case "isolate": {
      const isolated = action.id === state.isolated ? null : action.id;
      // A tap has no hover: the pointer has left by now, and the label stays with what was tapped.
      const place = (isolated !== null && action.place) || null;
      return { ...state, isolated, hovered: place && isolated, place };
    }
    case "only":
      return { ...state, isolated: action.id, hovered: null, place: null };
    case "picture":
      return { ...state, picture: clamp(action.index, 0, range.pictures - 1) };
    case "set":
      return { ...state, ...action.values };
  }
}

/** The cluster to show alone: what is pointed at, else what was isolated. */
export const focusOf = (state: State): number | null => state.hovered ?? state.isolated;
