import { defineConfig } from "vite";
import { react } from "../react.ts";

export default defineConfig({
  ...react,
  base: "./",
  build: {
    outDir: "../../dist/web/studio",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
});
