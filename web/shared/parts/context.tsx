/** What every component of the parts' view has at hand: the model, what the reader chose, and what parts are called. */
import { createContext, type ReactNode, useContext, useEffect, useEffectEvent, useMemo } from "react";
import { useStore } from "zustand";
import { type Called, type Groups, groupsAt } from "./groups.ts";
import type { Model } from "./model.ts";
import type { Action, State } from "./state.ts";
import type { Draw, PartsStore } from "./store.ts";

export interface Parts {
  readonly model: Model;
  readonly store: PartsStore;
  /** By the clusters' ids, at the K in sight. */
  readonly names: ReadonlyMap<number, string>;
  readonly groups: Groups;
}

const Context = createContext<Parts | null>(null);

interface Props {
  readonly model: Model;
  readonly store: PartsStore;
  /** At the K in sight. */
  readonly called: Called;
  readonly children: ReactNode;
}

export function PartsProvider({ model, store, called, children }: Props) {
  const k = useStore(store, (state) => state.k);
  const value = useMemo(
    () => ({ model, store, names: called.names, groups: groupsAt(model, called, k) }),
    [model, store, called, k],
  );
  return <Context value={value}>{children}</Context>;
}

export function useParts(): Parts {
  const parts = useContext(Context);
  if (parts === null) throw new Error("a component of the parts' view needs a PartsProvider around it");
  return parts;
}

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
