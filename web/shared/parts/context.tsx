/** What every component of the parts' view has at hand: the model, what the reader chose, and what parts are called. */
import { createContext, type ReactNode, useContext, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { type Called, type Groups, groupsAt, sameGroups } from "./groups.ts";
import type { Model } from "./model.ts";
import type { Action, State } from "./state.ts";
import type { Draw, PartsStore } from "./store.ts";

/** What stays while the page is open. */
export interface Parts {
  readonly model: Model;
  readonly store: PartsStore;
}

/** What parts are called and how they look, at the K in sight. */
export interface CalledParts extends Called {
  readonly groups: Groups;
}

const PartsContext = createContext<Parts | null>(null);
const CalledContext = createContext<CalledParts | null>(null);

interface Props extends Parts {
  /** What clusters are called at a K; another function when names have changed. */
  readonly calledAt: (k: number) => Called;
  readonly children: ReactNode;
}

/** At a step of K it renders itself again and who asks for names; `children` stay as they are. */
export function PartsProvider({ model, store, calledAt, children }: Props) {
  const k = useStore(store, (state) => state.k);
  const called = useMemo(() => calledAt(k), [calledAt, k]);
  const groups = useSteady(
    useMemo(() => groupsAt(model, called, k), [model, called, k]),
    sameGroups,
  );
  const parts = useMemo(() => ({ model, store }), [model, store]);
  const calledParts = useMemo(() => ({ ...called, groups }), [called, groups]);
  return (
    <PartsContext value={parts}>
      <CalledContext value={calledParts}>{children}</CalledContext>
    </PartsContext>
  );
}

/** The value, or the one before where they are the same: what depends on it then stays as it is. */
function useSteady<T>(value: T, same: (a: T, b: T) => boolean): T {
  const [steady, setSteady] = useState(value);
  if (steady === value || same(steady, value)) return steady;
  setSteady(value);
  return value;
}

function useGiven<T>(value: T | null): T {
  if (value === null) throw new Error("a component of the parts' view needs a PartsProvider around it");
  return value;
}

export const useParts = (): Parts => useGiven(useContext(PartsContext));

/** The component renders again at each K. */
export const useCalled = (): CalledParts => useGiven(useContext(CalledContext));

/** A piece of what the reader chose: the component renders again when it is another. */
export const useChosen = <T,>(select: (state: State) => T): T => useStore(useParts().store, select);

export function useDispatch(): (action: Action) => void {
  return useParts().store.dispatch;
}

/** Draws outside React's render: at first, once per frame in which the state changed, and anew when one of `inputs` is another. */
export function useFrame(draw: Draw, inputs: readonly unknown[]): void {
  const { store } = useParts();
  const latest = useEffectEvent(draw);
  useEffect(() => store.onFrame((now, before) => latest(now, before)), [store, ...inputs]);
}

/** K has come to rest after so many milliseconds. */
const REST = 150;

/** Runs when K and the kind of labels have come to rest: at first, after they changed, and anew when one of `inputs` is another. */
export function useRest(run: () => void, inputs: readonly unknown[]): void {
  const resting = useRef(0);
  useFrame((now, before) => {
    if (before && now.k === before.k && now.mode === before.mode) return;
    clearTimeout(resting.current);
    resting.current = setTimeout(run, REST);
  }, inputs);
  useEffect(() => () => clearTimeout(resting.current), []);
}
