import { defineConfig } from "vite";
import { react } from "../react.ts";

/** A folder for any static host: scripts, styles and onnxruntime-web's .wasm lie in it, and nothing is asked of anybody else. */
export default defineConfig({
  base: "./",
  ...react,
  worker: { format: "es" },
  build: {
    outDir: "../../dist/web/paint",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
});
