import type { CSSProperties } from "react";

/** Style with custom properties, which React's type does not know: `cssVars({ "--color": "#ff0000" })`. */
export const cssVars = (variables: Readonly<Record<`--${string}`, string | number>>): CSSProperties =>
  variables as CSSProperties;
