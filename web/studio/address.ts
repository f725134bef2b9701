/** Which screen and which place the page's address names: "#screen=parts&at=my-gan". */
import { useSyncExternalStore } from "react";

export interface Address {
  readonly screen: string | null;
  /** Path of a place in the workspace. */
  readonly at: string | null;
}

const listen = (changed: () => void): (() => void) => {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
};

export function useAddress(): Address {
  const hash = useSyncExternalStore(listen, () => location.hash);
  const said = new URLSearchParams(hash.slice(1));
  return { screen: said.get("screen"), at: said.get("at") };
}

/** The address of a screen. */
export function addressOf(screen: string, at: string | null = null): string {
  const said = new URLSearchParams({ screen, ...(at !== null && { at }) });
  return `#${said}`;
}

export const goTo = (screen: string, at: string | null = null): void => {
  location.hash = addressOf(screen, at);
};
