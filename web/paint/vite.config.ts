import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";
import { react } from "../react.ts";

/** Packs onnxruntime-web's .wasm, 41 MB, to a quarter: as the npm package carries it. `klish studio --export paint` unpacks it. */
const packWasm = (): Plugin => {
  let assets = "";
  return {
    name: "pack-wasm",
    configResolved({ root, build }) {
      assets = join(resolve(root, build.outDir), build.assetsDir);
    },
    closeBundle() {
      for (const name of readdirSync(assets)) {
        if (!name.endsWith(".wasm")) continue;
        const path = join(assets, name);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
        rmSync(path);
      }
    },
  };
};

/** A folder for any static host, once it is exported: scripts, styles and .wasm lie in it, and nothing is asked of anybody else. */
export default defineConfig({
  base: "./",
  ...react,
  plugins: [packWasm()],
  worker: { format: "es" },
  build: {
    outDir: "../../dist/web/paint",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1000,
  },
});
