import type { UserConfig } from "vite";

/** How vite builds React's pages: the same whatever NODE_ENV is, for tests build them as well. */
export const react = {
  oxc: { jsx: { runtime: "automatic", development: false } },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
} satisfies UserConfig;
