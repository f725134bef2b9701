import optimizeLocales from "@react-aria/optimize-locales-plugin";
import type { UserConfig } from "vite";

/** How vite builds React's pages: the same whatever NODE_ENV is, for tests build them as well. */
export const react = {
  oxc: { jsx: { runtime: "automatic", development: false } },
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  // The pages speak English: React Aria's words for screen readers in thirty other languages would be a tenth of the studio.
  plugins: [optimizeLocales.vite({ locales: ["en-US"] })],
} satisfies UserConfig;
