import { resolve } from "node:path";
import { build } from "vite";

/** Builds the pages once, before the tests that open them in a browser. */
export default async function buildPages(): Promise<void> {
  for (const page of ["report", "studio", "paint"])
    await build({ root: resolve(import.meta.dirname, "../web", page), logLevel: "error" });
}
