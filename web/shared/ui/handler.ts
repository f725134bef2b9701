import { useCallback, useLayoutEffect, useRef } from "react";

/** A function that stays the same, and does what `handler` did at the last render: for events, not to be called while rendering. */
export function useHandler<A extends readonly unknown[]>(handler: (...args: A) => void): (...args: A) => void {
  const latest = useRef(handler);
  useLayoutEffect(() => {
    latest.current = handler;
  });
  return useCallback((...args: A) => latest.current(...args), []);
}
